"""A private PostgreSQL for comparisons: a cluster in a temporary folder, reached by a unix socket only, gone at exit.

Connection speaks the simple query protocol itself (version 3), so that every value arrives as the server's text and
every error with its SQLSTATE, and no client library or client-side quoting stands between.
"""
import os
import pathlib
import pwd
import shutil
import socket
import struct
import subprocess
import tempfile
import time

SETTINGS = {"TimeZone": "UTC", "DateStyle": "ISO, MDY", "IntervalStyle": "postgres", "bytea_output": "hex",
            "extra_float_digits": "1", "default_transaction_isolation": "repeatable read", "client_encoding": "UTF8",
            "statement_timeout": "10000"}


def binaries():
    """The folder of initdb and postgres, version 15."""
    for folder in ("/usr/lib/postgresql/15/bin", os.path.dirname(shutil.which("initdb") or "")):
        if folder and pathlib.Path(folder, "initdb").exists():
            return pathlib.Path(folder)
    raise SystemExit("PostgreSQL 15 is not installed (package postgresql-15)")


class Cluster:
    """Runs as the caller, or as the package's user when the caller is root: PostgreSQL refuses to run as root."""

    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix="mneme-pg-")
        self.user = "postgres" if os.geteuid() == 0 else None
        if self.user:
            os.chown(self.folder, pwd.getpwnam(self.user).pw_uid, -1)
        data = f"{self.folder}/data"
        subprocess.run([binaries() / "initdb", "--locale=C", "--encoding=UTF8", "--auth=trust", "--username=mneme", "-D", data],
                       check=True, stdout=subprocess.DEVNULL, user=self.user, cwd=self.folder)
        with open(f"{self.folder}/log", "wb") as log:
            self.server = subprocess.Popen(
                [binaries() / "postgres", "-D", data, "-k", self.folder, "-c", "listen_addresses=", "-c", "fsync=off"],
                stdout=log, stderr=log, user=self.user, cwd=self.folder)
        self.wait_until_ready()
        return self

    def wait_until_ready(self):
        for _ in range(300):
            try:
                return self.connect("postgres").close()
            except (OSError, ConnectionError, Failure):
                if self.server.poll() is not None:
                    break
                time.sleep(0.1)
        raise SystemExit("PostgreSQL did not start:\n" + pathlib.Path(self.folder, "log").read_text())

    def connect(self, database):
        return Connection(f"{self.folder}/.s.PGSQL.5432", database)

    def __exit__(self, *_):
        self.server.terminate()
        self.server.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


class Failure(Exception):
    def __init__(self, sqlstate, message):
        super().__init__(f"{sqlstate}: {message}")
        self.sqlstate = sqlstate


class Connection:
    def __init__(self, path, database):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(30)
        self.socket.connect(path)
        self.stream = self.socket.makefile("rb")
        pairs = {"user": "mneme", "database": database, **SETTINGS}
        body = struct.pack("!i", 196608) + b"".join(f"{k}\0{v}\0".encode() for k, v in pairs.items()) + b"\0"
        self.socket.sendall(struct.pack("!i", len(body) + 4) + body)
        self.collect()

    def execute(self, sql):
        """(rows, tag): rows of text or None, and PostgreSQL's command tag, such as `UPDATE 3`. Raises Failure."""
        text = sql.encode() + b"\0"
        self.socket.sendall(b"Q" + struct.pack("!i", len(text) + 4) + text)
        return self.collect()

    def collect(self):
        """Reads up to ReadyForQuery."""
        rows, tag, failure = [], "", None
        while True:
            kind, body = self.message()
            if kind == b"D":
                rows.append(row_of(body))
            elif kind == b"C":
                tag = body[:-1].decode()
            elif kind == b"E":
                fields = {part[:1]: part[1:].decode() for part in body.split(b"\0") if part}
                failure = Failure(fields[b"C"], fields[b"M"])
            elif kind == b"Z":
                break
        if failure:
            raise failure
        return rows, tag

    def message(self):
        head = self.stream.read(5)
        if len(head) < 5:
            raise ConnectionError("the server closed the connection")
        return head[:1], self.stream.read(struct.unpack("!i", head[1:])[0] - 4)

    def close(self):
        self.socket.sendall(b"X\0\0\0\4")
        self.socket.close()


def row_of(body):
    """A DataRow message: a count, then each value's size (-1: NULL) and text."""
    count, at, row = struct.unpack("!h", body[:2])[0], 2, []
    for _ in range(count):
        size = struct.unpack("!i", body[at:at + 4])[0]
        at += 4
        row.append(None if size < 0 else body[at:at + size].decode())
        at += max(size, 0)
    return row
