"""Runs every test program of a build folder, every example and every benchmark at its tiny size, and adds up their test
cases; a program without any is one case, which is its exit status. One program per core at a time: no test asserts how
long something takes.

Prints what failed, what skipped itself and why, and ends in the line `N passed, N failed[, N skipped]`.
"""
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys
import time

CASES = re.compile(r"test cases:\s*(\d+) \|\s*(\d+) passed \|\s*(\d+) failed \|\s*(\d+) skipped")
TIMEOUT_SECONDS = 900


def run(program):
    """(passed, failed, skipped) of one program and what to print; a crash or a hang is one failure."""
    began = time.monotonic()
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
    said = []
    if status != 0:
        failed = max(failed, 1)
        said.append(f"--- {program.name}: exit status {status}\n{output}")
    said += [f"{program.name}: {passed} passed, {failed} failed ({time.monotonic() - began:.0f} s)"] + [f"  {line}" for line in skips]
    return (passed, failed, len(skips)), "\n".join(said)


def main():
    programs = sorted(p for kind in ("test", "example", "bench") for p in pathlib.Path(sys.argv[1]).rglob(f"{kind}_*")
                      if p.is_file() and p.stat().st_mode & 0o111)
    totals, red = [0, 0, 0], []
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for program, (counts, said) in zip(programs, pool.map(run, programs)):
            if counts[1]:
                red.append(said)
            totals = [total + count for total, count in zip(totals, counts)]
            print(said, flush=True)
    for said in red:  # Once more at the end, where whoever reads only the last lines finds it.
        print(said[-4000:])
    if totals[0] == 0:
        totals[1] = max(totals[1], 1)  # A run without a test has not passed.
    print(f"{totals[0]} passed, {totals[1]} failed" + (f", {totals[2]} skipped" if totals[2] else ""))
    return 1 if totals[1] else 0


if __name__ == "__main__":
    sys.exit(main())
