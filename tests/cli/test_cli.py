#!/usr/bin/env python3
"""The command line as its users have it: exit status 0 or 1, answers on standard output, errors on standard error.

Runs the `mneme` of the build folder it stands in (MNEME_CLI: another). Ends as doctest programs do, so that the test
runner counts its cases.
"""
import csv
import io
import json
import os
import pathlib
import resource
import subprocess
import sys
import tempfile
import time
import traceback

HERE = pathlib.Path(__file__).resolve()
PROGRAM = os.environ.get("MNEME_CLI") or str(HERE.parent.parent / "mneme")
CASES = []


def case(law):
    def remember(body):
        CASES.append((law, body))
        return body
    return remember


def run(*arguments, text=""):
    """(exit status, standard output, standard error) of one run."""
    done = subprocess.run([PROGRAM, *map(str, arguments)], input=text, capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout, done.stderr


def works(*arguments, text=""):
    status, out, err = run(*arguments, text=text)
    assert status == 0, f"{arguments}: exit status {status}: {err}"
    assert "error" not in err, f"{arguments}: {err}"
    return out


def fails(*arguments, text="", says=()):
    status, out, err = run(*arguments, text=text)
    assert status == 1, f"{arguments}: exit status {status}, not 1: {out}{err}"
    for part in says:
        assert part in err, f"{arguments}: standard error lacks {part!r}: {err}"
        assert part not in out, f"{arguments}: the error stands on standard output"
    return out


def filled(folder):
    works(folder / "db", "-c", "CREATE TABLE t (id INT PRIMARY KEY, name TEXT, v FLOAT); "
                               "INSERT INTO t VALUES (1, 'a,\"b', 0.5), (2, NULL, -1), (3, 'é', 2)")
    return folder / "db"


@case("cli: -c, -f and standard input run SQL, in this order, and later runs see it")
def sources(folder):
    db = filled(folder)
    (folder / "more.sql").write_text("INSERT INTO t VALUES (4, 'file', 4);\nINSERT INTO t VALUES (5, 'file', 5);\n")
    works(db, "-c", "INSERT INTO t VALUES (6, 'x', 6)", "-c", "DELETE FROM t WHERE id = 6", "-f", folder / "more.sql")
    works(db, text="INSERT INTO t VALUES (7, 'pipe', 7);")
    works(db, "-f", "-", text="INSERT INTO t VALUES (8, 'dash', 8);")
    out = works(db, "--mode", "csv", "-c", "SELECT id FROM t ORDER BY id")
    assert out.split() == ["id", "1", "2", "3", "4", "5", "7", "8"], out


@case("cli: a database that can have no thread of its own is an error, and opens once it can")
def no_thread(folder):
    db = filled(folder)
    # A stack of as much as a process has addresses: no thread can be started.
    def limit():
        resource.setrlimit(resource.RLIMIT_STACK, (1 << 47, resource.getrlimit(resource.RLIMIT_STACK)[1]))
    done = subprocess.run([PROGRAM, db, "-c", "SELECT 1"], capture_output=True, text=True, timeout=120, preexec_fn=limit)
    assert done.returncode == 1, (done.returncode, done.stderr)
    assert "no thread could be started" in done.stderr, done.stderr
    assert works(db, "--mode", "csv", "-c", "SELECT count(*) AS n FROM t").split()[1] == "3"


@case("cli: --mode csv, json, jsonl and table print the same rows")
def modes(folder):
    db = filled(folder)
    query = "SELECT id, name, v FROM t ORDER BY id"
    rows = list(csv.reader(io.StringIO(works(db, "--mode", "csv", "-c", query))))
    assert rows == [["id", "name", "v"], ["1", 'a,"b', "0.5"], ["2", "", "-1"], ["3", "é", "2"]], rows
    want = [{"id": 1, "name": 'a,"b', "v": 0.5}, {"id": 2, "name": None, "v": -1}, {"id": 3, "name": "é", "v": 2}]
    assert json.loads(works(db, "--mode", "json", "-c", query)) == want
    assert [json.loads(line) for line in works(db, "--mode", "jsonl", "-c", query).splitlines()] == want
    table = works(db, "-c", query)
    assert 'a,"b' in table and "é" in table, table
    fails(db, "--mode", "xml", "-c", query, says=["--mode"])
    assert "\x1b" not in works(db, "-c", "SELECT 'a' || chr(27) || '[31m' AS t"), "a terminal would obey it"


@case("cli: an error in SQL has its place, stands on standard error, stops what follows, and the status is 1")
def errors(folder):
    db = filled(folder)
    fails(db, "-c", "SELECT nothing FROM t", says=["error:", "nothing", "1"])
    fails(db, "-c", "INSERT INTO t VALUES (1, 'again', 0)", says=["error:", "t_pkey"])
    fails(db, "-c", "SELEC 1", "-c", "DELETE FROM t", says=["error:"])
    fails(db, text="INSERT INTO t VALUES (9, 'kept', 9); BOOM; INSERT INTO t VALUES (10, 'not', 0);", says=["error:"])
    assert works(db, "--mode", "csv", "-c", "SELECT count(*) AS n FROM t").split()[1] in ("3", "4")


@case("cli: statements of one transaction come one by one, several in an argument, or all in a text")
def transactions(folder):
    db = filled(folder)
    works(db, "-c", "BEGIN", "-c", "INSERT INTO t VALUES (4, 'd', 4); INSERT INTO t VALUES (5, 'e', 5)", "-c", "",
          "-c", "SELECT 1; -- and no more", "-c", "COMMIT")
    works(db, text="BEGIN; INSERT INTO t VALUES (6, 'f', 6); SELECT count(*) FROM t; COMMIT;")
    fails(db, "-c", "BEGIN", "-c", "INSERT INTO t VALUES (7, 'g', 7); SELECT 1 / 0", "-c", "COMMIT", says=["error:"])
    assert works(db, "--mode", "csv", "-c", "SELECT max(id) AS n FROM t").split() == ["n", "6"]


@case("cli: what cannot be written is an error, and the status is 1, whatever was to be printed")
def unwritable(folder):
    db = filled(folder)
    (folder / "points.csv").write_text("id,v\n1,0.5\n")
    big = "SELECT n, md5(CAST(n AS TEXT)) FROM generate_series(1, 100000) AS s(n)"
    runs = [[db, "-c", "SELECT 1"], [db, "-c", "SELECT 1; SELECT 2"], [db, "info"], [db, "check"], ["--help"],
            [db, "import", folder / "points.csv"], [db, "salvage", folder / "saved"]]
    runs += [[db, "--mode", mode, "-c", big] for mode in ("table", "csv", "json", "jsonl")]
    for arguments in runs:
        with open("/dev/full", "w", encoding="utf-8") as full:
            done = subprocess.run([PROGRAM, *map(str, arguments)], stdin=subprocess.DEVNULL, stdout=full,
                                  stderr=subprocess.PIPE, text=True, timeout=120)
        assert done.returncode == 1, f"{arguments}: exit status {done.returncode}: {done.stderr}"
        assert done.stderr.count("error:") == 1 and "No space left" in done.stderr, f"{arguments}: {done.stderr}"
    # What comes after it is not run, and a query is not read on: this one would take longer than the world has.
    endless = "SELECT n FROM generate_series(1, 1000000000000000) AS s(n)"
    with open("/dev/full", "w", encoding="utf-8") as full:
        done = subprocess.run([PROGRAM, db, "--mode", "csv", "-c", endless, "-c", "DELETE FROM t"], stdout=full,
                              stderr=subprocess.PIPE, text=True, timeout=120)
    assert done.returncode == 1 and "No space left" in done.stderr, done
    assert works(db, "--mode", "csv", "-c", "SELECT count(*) AS n FROM t").split() == ["n", "3"]
    for closed in ("SELECT 1", "INSERT INTO t VALUES (4, 'quiet', 4)"):  # What prints nothing needs no output.
        done = subprocess.run([PROGRAM, db, "-c", closed], stderr=subprocess.PIPE, text=True, timeout=120,
                              preexec_fn=lambda: os.close(1))
        assert done.returncode == (1 if "SELECT" in closed else 0), f"{closed}: {done}"


@case("cli: a file that is not there, or a directory, is named")
def unknown_files(folder):
    db = filled(folder)
    fails(db, "-f", folder / "none.sql", says=["none.sql"])
    fails(db, "import", folder / "none.csv", says=["none.csv"])
    fails(db, "import", folder, says=["error:"])
    (folder / "odd.xyz").write_text("?")
    fails(db, "import", folder / "odd.xyz", says=["odd.xyz"])


@case("cli: import takes CSV and JSON lines with their types, and refuses what is cut or broken")
def imports(folder):
    db = folder / "db"
    (folder / "points.csv").write_text("id,name,v\n1,one,0.5\n2,two,1.5\n")
    (folder / "events.jsonl").write_text('{"id": 1, "what": "a"}\n{"id": 2, "what": null}\n')
    assert "2 rows" in works(db, "import", folder / "points.csv")
    assert "2 rows" in works(db, "import", folder / "events.jsonl", "--table", "e")
    assert works(db, "--mode", "csv", "-c", "SELECT sum(id), sum(v) FROM points").splitlines()[1] == "3,2"
    assert works(db, "--mode", "csv", "-c", "SELECT count(*), count(what) FROM e").splitlines()[1] == "2,1"
    (folder / "cut.jsonl").write_text('{"id": 1}\n{"id": ')
    fails(db, "import", folder / "cut.jsonl", says=["cut.jsonl"])
    (folder / "cut.ulg").write_bytes(b"ULog\x01\x12\x35\x01")
    fails(db, "import", folder / "cut.ulg", says=["cut.ulg"])


@case("cli: info, check and backup tell, and need a database that is there")
def commands(folder):
    db = filled(folder)
    assert "3 rows" in works(db, "info")
    assert "0 problems" in works(db, "check")
    works(db, "backup", folder / "copy")
    assert works(folder / "copy", "--mode", "csv", "-c", "SELECT count(*) AS n FROM t").split() == ["n", "3"]
    fails(db, "backup", folder / "copy", says=["copy"])
    for command in (["info"], ["check"], ["backup", folder / "other"]):
        fails(folder / "none", *command, says=["none"])
    assert not (folder / "none").exists(), "a command that only reads has made a directory"


@case("cli: a directory that is no database is refused as it is, and so is one that cannot be made")
def foreign_directories(folder):
    foreign = folder / "foreign"
    foreign.mkdir()
    (foreign / "letter.txt").write_text("mine")
    fails(foreign, "info", says=["foreign"])
    fails(foreign, "-c", "SELECT 1", says=["foreign", "letter.txt"])
    assert [path.name for path in foreign.iterdir()] == ["letter.txt"]
    (folder / "file").write_text("a file")
    fails(folder / "file", "-c", "SELECT 1", says=["file"])
    fails(folder / "no" / "such" / "parent", "-c", "SELECT 1", says=["parent"])
    assert (foreign / "letter.txt").read_text() == "mine"


@case("cli: a second writer is refused at once, with the process that has it; after a kill the next one opens")
def second_writer(folder):
    db = filled(folder)
    first = subprocess.Popen([PROGRAM, str(db)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        # What comes through a pipe is read to its end before it runs: the database is open, and stays so.
        first.stdin.write("SELECT 1;\n")
        first.stdin.flush()
        wait_for_owner(db, first)
        fails(db, "-c", "SELECT 1", says=[f"process {first.pid}"])
        assert works(db, "--read-only", "--mode", "csv", "-c", "SELECT 40 + 2 AS n") == "n\n42\n"
        assert "readers " in works(db, "--read-only", "info")
        fails(db, "--read-only", "-c", "CREATE TABLE u (n INT)", says=["opened read-only"])
        fails(folder / "nothing", "--read-only", "info", says=["no database"])
    finally:
        first.kill()
        first.wait()
        first.stdin.close()
        first.stdout.close()
    assert "0 problems" in works(db, "check")


def wait_for_owner(db, process):  # Without opening: whoever opens first is the writer.
    while f"process {process.pid} " not in (db / "LOCK").read_text(errors="replace"):
        assert process.poll() is None, "it ended"
        time.sleep(0.01)


@case("cli: damage is a problem that names its file, and the status is 1")
def damage(folder):
    db = filled(folder)
    works(db, "-c", "INSERT INTO t SELECT n, md5(CAST(n AS TEXT)), n FROM generate_series(10, 20000) AS s(n)")
    segment = max((db / "seg").glob("*.seg"), key=lambda path: path.stat().st_size)
    content = bytearray(segment.read_bytes())
    content[len(content) // 3] ^= 1
    segment.write_bytes(content)
    fails(db, "check", says=[segment.name])


@case("cli: salvage saves what is readable, lists what is not, and leaves what it reads as it is")
def salvages(folder):
    db = filled(folder)
    works(db, "-c", "CREATE TABLE log (at TIMESTAMP, n INT); "
                    "INSERT INTO log SELECT TIMESTAMP '2026-01-01', n FROM generate_series(1, 20000) AS s(n)")
    works(db, "backup", folder / "sound")
    assert "nothing was lost" in works(folder / "sound", "salvage", folder / "twin")
    count = ["--mode", "csv", "-c", "SELECT (SELECT count(*) FROM t) AS t, (SELECT count(*) FROM log) AS log"]
    assert works(folder / "twin", *count).split() == ["t,log", "3,20000"]
    for path in [*db.glob("MANIFEST-*"), *db.glob("CURRENT")]:
        path.unlink()
    before = {path: path.read_bytes() for path in db.rglob("*") if path.is_file()}
    status, out, err = run(db, "--mode", "json", "salvage", folder / "saved")
    assert status == 1, (status, out, err)
    report = json.loads(out)
    assert not report["complete"] and report["losses"][0]["kind"] == "files", report
    assert {table["name"]: table["rows"] for table in report["tables"]} == {"t": 3, "log": 20000}, report
    assert {path: path.read_bytes() for path in db.rglob("*") if path.is_file()} == before
    assert works(folder / "saved", *count).split() == ["t,log", "3,20000"]
    assert "0 problems" in works(folder / "saved", "check")
    fails(db, "salvage", folder / "saved", says=["saved"])
    fails(folder / "none", "salvage", folder / "other", says=["none"])
    assert not (folder / "other").exists()
    (folder / "foreign").mkdir()
    (folder / "foreign" / "letter.txt").write_text("mine")
    fails(folder / "foreign", "salvage", folder / "other", says=["foreign"])
    assert not (folder / "other").exists()


@case("cli: salvage is refused while a process has the database to write, by its number")
def salvages_alone(folder):
    db = filled(folder)
    writer = subprocess.Popen([PROGRAM, str(db)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        writer.stdin.write("SELECT 1;\n")
        writer.stdin.flush()
        wait_for_owner(db, writer)
        fails(db, "salvage", folder / "saved", says=[f"process {writer.pid}"])
        assert not (folder / "saved").exists()
    finally:
        writer.kill()
        writer.wait()
        writer.stdin.close()
    assert "nothing was lost" in works(db, "salvage", folder / "saved")


@case("cli: salvage counts the rows of a damaged block, and the database made of the rest is sound")
def salvages_blocks(folder):
    db = filled(folder)
    works(db, "-c", "INSERT INTO t SELECT n, md5(CAST(n AS TEXT)), n FROM generate_series(10, 90000) AS s(n)")
    for _ in range(3):
        works(db, "-c", "INSERT INTO t SELECT max(id) + 1, 'more', 0 FROM t")
    works(db, "backup", folder / "flushed")
    segment = max((db / "seg").glob("*.seg"), key=lambda path: path.stat().st_size)
    content = bytearray(segment.read_bytes())
    content[len(content) // 3] ^= 1
    segment.write_bytes(content)
    status, out, err = run(db, "--mode", "json", "salvage", folder / "saved")
    assert status == 1, (status, out, err)
    report = json.loads(out)
    [table] = report["tables"]
    assert table["rows"] + table["lost"] == 89997 and 0 < table["lost"] <= 2048 and table["count"] == "exact", report
    [loss] = report["losses"]
    assert loss["file"] == "seg/" + segment.name and loss["rows"] == table["lost"], report
    assert "0 problems" in works(folder / "saved", "check")
    saved = works(folder / "saved", "--mode", "csv", "-c", "SELECT count(*) AS n FROM t").split()[1]
    assert int(saved) == table["rows"]


@case("cli: rows without columns are printed in every mode, and are no crash")
def no_columns(folder):
    db = folder / "db"
    works(db, "-c", "CREATE TABLE none(); CREATE TABLE one(a INT); INSERT INTO none DEFAULT VALUES; "
              "INSERT INTO one VALUES (1), (2); ALTER TABLE one DROP COLUMN a")
    printed = {"table": "(2 rows)\n", "csv": "\n\n\n", "json": "[\n{},\n{}\n]\n", "jsonl": "{}\n{}\n"}
    for mode, text in printed.items():
        for sql in ("SELECT * FROM one", "SELECT x.* FROM one x JOIN none y ON true", "SELECT * FROM one; SELECT * FROM one"):
            assert works(db, "--mode", mode, "-c", sql) == text * (2 if ";" in sql else 1), (mode, sql)
    works(db, "-c", "INSERT INTO none DEFAULT VALUES RETURNING *")


@case("cli: wrong arguments are told on standard error; help is not an error")
def arguments(folder):
    fails()
    fails(folder / "db", "--nonsense", says=["nonsense"])
    fails(folder / "db", "--memory", "1", "-c", "SELECT 1", says=["--memory"])
    assert "--mode" in works("--help")


def main():
    failed = 0
    for law, body in CASES:
        with tempfile.TemporaryDirectory(prefix="mneme-cli-") as folder:
            try:
                body(pathlib.Path(folder))
            except Exception:  # Whatever it is, it is this case that failed.
                failed += 1
                print(f"FAILED {law}\n{traceback.format_exc()}")
    print(f"test cases: {len(CASES)} | {len(CASES) - failed} passed | {failed} failed | 0 skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
