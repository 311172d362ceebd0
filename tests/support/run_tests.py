"""Runs every test program of a build folder, every example and every benchmark at its tiny size, and adds up their test
cases; a program without any is one case, which is its exit status.

Prints what failed, what skipped itself and why, and ends in the line `N passed, N failed[, N skipped]`.
"""
import pathlib
import re
import subprocess
import sys

CASES = re.compile(r"test cases:\s*(\d+) \|\s*(\d+) passed \|\s*(\d+) failed \|\s*(\d+) skipped")
TIMEOUT_SECONDS = 900


def run(program):
    """(passed, failed, skipped) of one doctest program; a crash or a hang is one failure."""
    try:
        done = subprocess.run([program.resolve()], cwd=program.parent, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=TIMEOUT_SECONDS,
                              stdin=subprocess.DEVNULL, text=True, errors="replace")
        output, status = done.stdout, done.returncode
    except subprocess.TimeoutExpired as expired:
        output, status = f"{expired.stdout}\nno end after {TIMEOUT_SECONDS} s", -1
    skips = [line for line in output.splitlines() if line.startswith("SKIPPED")]
    counted = CASES.findall(output)
    one = (1 if status == 0 and not program.name.startswith("test_") else 0, 0)
    passed, failed = (int(counted[-1][1]), int(counted[-1][2])) if counted else one
    if status != 0:
        failed = max(failed, 1)
        print(f"--- {program.name}: exit status {status}\n{output}")
    print(f"{program.name}: {passed} passed, {failed} failed")
    for line in skips:
        print(f"  {line}")
    return passed, failed, len(skips)


def main():
    programs = sorted(p for kind in ("test", "example", "bench") for p in pathlib.Path(sys.argv[1]).rglob(f"{kind}_*")
                      if p.is_file() and p.stat().st_mode & 0o111)
    totals = [sum(column) for column in zip(*(run(p) for p in programs))] or [0, 1, 0]
    if totals[0] == 0:
        totals[1] = max(totals[1], 1)  # A run without a test has not passed.
    print(f"{totals[0]} passed, {totals[1]} failed" + (f", {totals[2]} skipped" if totals[2] else ""))
    return 1 if totals[1] else 0


if __name__ == "__main__":
    sys.exit(main())
