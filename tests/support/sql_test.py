"""tests/sql/*.test against PostgreSQL 15: `compare` prints every difference, `--record` writes PostgreSQL's answers.

The format is described in tests/sql/README.md; tests/sql/test_file.cc is its other reader. Records below a
`skip postgres` line are counted and left out, and so are records that only they make possible (a table that PostgreSQL
never saw): mark those, too.
"""
import argparse
import math
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import postgres  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
SQLSTATE = re.compile(r"(?=.*\d)[0-9A-Z]{5}")


class Record:
    """One directive and what belongs to it; `begin` and `end` are its lines in the file, from 0, end excluded."""

    def __init__(self, begin, words):
        self.begin, self.end, self.words = begin, begin + 1, words
        self.sql, self.rows, self.skip = "", [], None

    @property
    def kind(self):
        return self.words[0]


def parse(path):
    lines = path.read_text().splitlines()
    records, at, skip = [], 0, None
    while at < len(lines):
        line = lines[at]
        if not line.strip() or line.startswith("#"):
            at += 1
        elif line.startswith("skip postgres "):
            skip = line[len("skip postgres "):]
            at += 1
        else:
            record = Record(at, line.split())
            record.skip, skip = skip, None
            at = parse_body(path, lines, record)
            records.append(record)
    return lines, records


def parse_body(path, lines, record):
    """SQL to an empty line or `----`, rows to an empty line. Returns the line after the record."""
    at = record.begin + 1
    if record.kind in ("statement", "query"):
        first = at
        while at < len(lines) and lines[at] and lines[at] != "----":
            at += 1
        record.sql = "\n".join(lines[first:at])
        if record.kind == "query" and at < len(lines) and lines[at] == "----":
            at += 1
            while at < len(lines) and lines[at]:
                record.rows.append(lines[at])
                at += 1
    elif record.kind not in ("connection", "flush", "reopen"):
        raise SystemExit(f"{path}:{record.begin + 1}: unknown directive {lines[record.begin]!r}")
    record.end = at
    return at


def show(value):
    if value is None:
        return "NULL"
    return value.replace("\n", "\\n") if value else "(empty)"


def same_number(left, right):
    try:
        a, b = float(left), float(right)
    except ValueError:
        return left == right
    return a == b or (math.isnan(a) and math.isnan(b)) or math.isclose(a, b, rel_tol=1e-12, abs_tol=0)


def same_row(types, want, got):
    wanted, found = want.split(" | "), got.split(" | ")
    if len(wanted) != len(found):
        return False
    letters = types.ljust(len(wanted), "T")
    return all(same_number(w, g) if letter == "R" else w == g for letter, w, g in zip(letters, wanted, found))


class Session:
    """The connections of one file to its own database."""

    def __init__(self, cluster, number):
        self.cluster, self.database = cluster, f"test{number}"
        admin = cluster.connect("postgres")
        admin.execute(f"CREATE DATABASE {self.database} TEMPLATE template0")
        admin.close()
        self.connections = {}
        self.use("main")

    def use(self, name):
        if name not in self.connections:
            self.connections[name] = self.cluster.connect(self.database)
        self.current = self.connections[name]

    def close(self):
        for connection in self.connections.values():
            connection.close()


def check(session, record):
    """None if PostgreSQL agrees, else what it says; and its rows."""
    try:
        rows, tag = session.current.execute(record.sql)
    except postgres.Failure as failure:
        return check_failure(record, failure), None
    found = [" | ".join(map(show, row)) for row in rows]
    if record.kind == "query":
        return check_rows(record, found), found
    if record.words[1] == "error":
        return "succeeded", found
    if record.words[1] == "count" and tag.split()[-1] != record.words[2]:
        return f"changed {tag.split()[-1]} rows", found
    return None, found


def check_failure(record, failure):
    if record.kind != "statement" or record.words[1] != "error":
        return f"failed with {failure}"
    wanted = record.words[2] if len(record.words) > 2 and SQLSTATE.fullmatch(record.words[2]) else failure.sqlstate
    return None if failure.sqlstate == wanted else f"failed with {failure}"


def check_rows(record, found):
    types = record.words[1] if len(record.words) > 1 and record.words[1] != "rowsort" else ""
    want = record.rows
    if "rowsort" in record.words:
        want, found = sorted(want), sorted(found)
    if len(want) == len(found) and all(same_row(types, w, f) for w, f in zip(want, found)):
        return None
    return "returned\n" + "\n".join("    " + row for row in found)


def run_file(cluster, number, path, record_answers):
    """(agree, differ, skipped) of one file."""
    lines, records = parse(path)
    session, counts, answers = Session(cluster, number), [0, 0, 0], {}
    for record in records:
        if record.kind == "connection":
            session.use(record.words[1])
        elif record.kind in ("statement", "query"):
            if record.skip:
                counts[2] += 1
                continue
            difference, rows = check(session, record)
            counts[1 if difference else 0] += 1
            if record.kind == "query" and rows is not None:
                answers[record.begin] = (record, rows)
            if difference and not (record_answers and record.kind == "query" and rows is not None):
                print(f"{path.relative_to(ROOT)}:{record.begin + 1}: {record.sql}\n  PostgreSQL {difference}")
    session.close()
    if record_answers:
        write_answers(path, lines, answers)
    return counts


def write_answers(path, lines, answers):
    out, at = [], 0
    for begin, (record, rows) in sorted(answers.items()):
        out += lines[at:begin + 1] + record.sql.split("\n") + ["----"]
        out += sorted(rows) if "rowsort" in record.words else rows
        at = record.end
    path.write_text("\n".join(out + lines[at:]) + "\n")


def main():
    arguments = argparse.ArgumentParser(prog="./dev sqlcompare")
    arguments.add_argument("files", nargs="*", type=pathlib.Path, help="default: tests/sql/*.test")
    arguments.add_argument("--record", action="store_true", help="write PostgreSQL's answers into the files")
    options = arguments.parse_args()
    files = [file.resolve() for file in options.files] or sorted((ROOT / "tests/sql").glob("*.test"))
    totals = [0, 0, 0]
    with postgres.Cluster() as cluster:
        for number, path in enumerate(files):
            counts = run_file(cluster, number, path, options.record)
            totals = [a + b for a, b in zip(totals, counts)]
    print(f"{totals[0]} agree, {totals[1]} differ, {totals[2]} skipped")
    return 1 if totals[1] else 0


if __name__ == "__main__":
    sys.exit(main())
