"""Runs the fuzzers of a build folder for some seconds each, one per core: committed corpus first, then new inputs.

A finding is kept beside the build as crash-<target>-<hash>. Ends in the line `N passed, N failed`.
"""
import argparse
import concurrent.futures
import os
import pathlib
import subprocess
import sys


def run(fuzzer, asked):
    """Whether it found nothing, and what to print."""
    corpus = asked.build / "corpus" / fuzzer.name
    corpus.mkdir(parents=True, exist_ok=True)
    committed = pathlib.Path("tests/corpus") / fuzzer.name.removeprefix("fuzz_")
    folders = [str(corpus)] + ([str(committed)] if committed.is_dir() else [])
    done = subprocess.run([str(fuzzer), f"-max_total_time={asked.seconds}", "-timeout=10", "-rss_limit_mb=2048",
                           f"-artifact_prefix={asked.build}/crash-{fuzzer.name}-", "-print_final_stats=1", *folders],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          errors="replace")
    runs = [line.split()[-1] for line in done.stdout.splitlines() if "number_of_executed_units" in line]
    said = f"{fuzzer.name}: {runs[-1] if runs else '?'} inputs, exit status {done.returncode}"
    return done.returncode == 0, said if done.returncode == 0 else said + "\n" + done.stdout[-4000:]


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("build", type=pathlib.Path)
    arguments.add_argument("--seconds", type=int, default=60)
    arguments.add_argument("--target", default="")
    asked = arguments.parse_args()
    fuzzers = sorted(p for p in asked.build.rglob("fuzz_*") if p.is_file() and p.stat().st_mode & 0o111)
    fuzzers = [f for f in fuzzers if asked.target in f.name]
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for ok, said in pool.map(lambda fuzzer: run(fuzzer, asked), fuzzers):
            failed += not ok
            print(said, flush=True)
    print(f"{len(fuzzers) - failed} passed, {failed} failed")
    return 1 if failed or not fuzzers else 0


if __name__ == "__main__":
    sys.exit(main())
