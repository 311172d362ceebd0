"""Runs a program with POSTGRES set to the socket's folder of a private PostgreSQL 15, gone when the program ends."""
import os
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import postgres  # noqa: E402


def main():
    with postgres.Cluster() as cluster:
        return subprocess.run(sys.argv[1:], env={**os.environ, "POSTGRES": cluster.folder}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
