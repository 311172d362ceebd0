#!/usr/bin/env python3
"""Mutation of the durability kernel: is there a test for every sync, every order of two writes, every length?

Each mutant (mutants.py) is the kernel with one thing wrong. It is run against the power cuts (test_sim_crash, a few
thousand images), then against test_storage; the first failure catches it. Dropped syncs and lengths share one program that
is told which mutant to be; an order is a program of its own: one file compiled anew, one link. What survives fails this
command, unless justified.txt says why it may; a justification that nobody needs any more fails it, too.

    mutate.py BUILD_FOLDER [--kind sync|order|length] [--only REGEX] [--states N] [--jobs N] [--list]
"""
import argparse
import concurrent.futures
import json
import os
import re
import resource
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from mutants import all_mutants, program_of_all

ROOT = Path(__file__).resolve().parents[2]
STORAGE = ROOT / "src" / "storage"
CPU_SECONDS_MAX = 60  # Whoever takes longer does not end: unharmed, none of the tests takes a third of it.
SECONDS_MAX = 900     # As much time for a processor to itself is found on the busiest of machines; else it waits for ever.
MEMORY_MAX = 6 << 30
# Tests of what lies inside segments, the slow ones: no mutant is in there.
FAR_FROM_IT = ("segment: every type*,segment: every flipped*,segment: a file cut*,compaction: forty*,encoding:*,ordinal map:*,"
               "delete set:*,segment deletes:*,word*,budget: narrow*")


class Build:
    """The unharmed program, and how its objects and programs are made. Immutable."""

    def __init__(self, folder):
        self.folder = folder
        commands = json.loads((folder / "compile_commands.json").read_text())
        self.compiles = {Path(c["file"]).name: c["command"] for c in commands if "/src/storage/" in c["file"]}

    def compile(self, file, source, made, extra=""):
        command = self.compiles[file]
        command = re.sub(r" -o \S+", f" -o {made}", command)
        command = re.sub(r" -c \S+", f" -w {extra} -c {source}", command)
        return self.run(command)

    def link(self, program, objects, made):
        """What the objects define is not taken from the archives any more."""
        commands = self.output(["ninja", "-C", str(self.folder), "-t", "commands", program]).splitlines()
        command = re.sub(r" -o \S+", f" -o {made} {' '.join(map(str, objects))}", commands[-1])
        return self.run(command)

    def run(self, command):
        return subprocess.run(command, shell=True, cwd=self.folder, capture_output=True, text=True, check=False).returncode == 0

    @staticmethod
    def output(command):
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def limit():
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_MAX, MEMORY_MAX))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS_MAX, CPU_SECONDS_MAX + 5))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.nice(5)


def failure(output, status):
    """What a failed test says it saw, in a few words."""
    seen = re.search(r"SEED=\d+ cut \d+: (?:[a-z_, ]+: )?(.*)", output)
    wrong = re.search(r"(?:FATAL )?ERROR:.*", output)
    case = re.findall(r"TEST CASE:\s+(.*)", output[:wrong.start()])[-1:] if wrong else []
    asserted = re.search(r"mneme: bug: .*", output)
    words = [seen.group(1)] if seen else case + ([asserted.group()] if asserted else [])
    return re.sub(r"\s+", " ", ": ".join(words) or f"exit status {status}").strip().replace("|", "/")[:100]


def run_test(program, arguments, environment):
    try:
        done = subprocess.run([program, *arguments], env={**os.environ, "JOBS": "1", **environment}, capture_output=True, text=True,
                              errors="replace", timeout=SECONDS_MAX, preexec_fn=limit, check=False)
    except subprocess.TimeoutExpired:
        return "waits for ever"
    if done.returncode in (-signal.SIGXCPU, -signal.SIGKILL):
        return f"does not end in {CPU_SECONDS_MAX} s of CPU"
    return failure(done.stdout + done.stderr, done.returncode) if done.returncode != 0 else ""


def judge(programs, states, environment):
    """(test, what it saw) of the first test that fails; None: it lives. `programs` are made when they are needed."""
    crash = programs("test_sim_crash")
    tests = [("power cuts", crash, ["-tc=*prefix*"], {"STATES": str(states)}),
             ("sequences of calls", crash, ["-tc=*sequence*"], {"SEQUENCES": "24"}),
             ("test_storage", None, [f"-tce={FAR_FROM_IT}"], {})]
    for name, program, arguments, more in tests:
        saw = run_test(program or programs("test_storage"), arguments, {**environment, **more})
        if saw:
            return name, saw
    return None


class Mutation:
    """One thread at a time, but for judge_one()."""

    def __init__(self, build, options):
        self.build, self.options = build, options
        self.folder = ROOT / "build" / "mutants"  # Texts, objects and programs of mutants.
        self.folder.mkdir(parents=True, exist_ok=True)
        wanted = re.compile(options.only or "")
        self.mutants = [m for m in all_mutants(STORAGE)
                        if (not options.kind or m.kind == options.kind) and wanted.search(m.key)]

    def make_program_of_all(self):
        files = sorted({m.file for m in self.mutants if m.place})
        place = self.folder / re.sub(r"\W+", "-", f"all {self.options.kind} {self.options.only}")
        place.mkdir(exist_ok=True)

        def make(file):
            every = [m for m in all_mutants(STORAGE) if m.file == file]
            (place / file).write_text(program_of_all((STORAGE / file).read_text(), every))
            extra = f"-I {ROOT / 'include'} -I {ROOT / 'src'} -include {ROOT / 'tests/mutate/mutant.h'}"
            if not self.build.compile(file, place / file, place / f"{file}.o", extra):
                sys.exit(f"the program of all mutants does not compile: {place / file}")

        with concurrent.futures.ThreadPoolExecutor(self.options.jobs) as pool:
            list(pool.map(make, files))
        for program in ("test_sim_crash", "test_storage"):
            if files and not self.build.link(program, [place / f"{file}.o" for file in files], place / program):
                sys.exit(f"the program of all mutants does not link: {program}")
        return lambda program: str(place / program)

    def judge_one(self, mutant):
        began = time.monotonic()
        if mutant.place:
            environment = {"MUTANT": str(mutant.number), "MUTANT_OFF": str(mutant.off)}
            result = judge(self.of_all, self.options.states, environment)
        else:
            result = self.judge_order(mutant)
        return mutant, result, time.monotonic() - began

    def judge_order(self, mutant):
        place = self.folder / f"order-{abs(hash(mutant.key))}"
        place.mkdir(exist_ok=True)
        made = place / f"{mutant.file}.o"
        try:
            for text in mutant.variants:
                (place / mutant.file).write_text(text)
                if self.build.compile(mutant.file, place / mutant.file, made, "-O0"):  # Compiling is what takes time.
                    break
            else:
                return "does not compile"

            def program(name):
                if not self.build.link(name, [made], place / name):
                    raise RuntimeError(f"does not link: {mutant.key}")
                return str(place / name)

            return judge(program, self.options.states, {})
        finally:
            for left in place.iterdir():
                left.unlink()
            place.rmdir()

    def run(self):
        self.of_all = self.make_program_of_all()
        began = time.monotonic()
        unharmed = judge(self.of_all if any(m.place for m in self.mutants) else self.base, self.options.states, {"MUTANT": "0"})
        if unharmed:
            sys.exit(f"the unharmed kernel fails: {': '.join(unharmed)}")
        print(f"the unharmed kernel passes in {time.monotonic() - began:.0f} s; {len(self.mutants)} mutants", file=sys.stderr)
        with concurrent.futures.ThreadPoolExecutor(self.options.jobs) as pool:
            for mutant, result, seconds in pool.map(self.judge_one, self.mutants):
                yield mutant, result, seconds

    def base(self, program):
        found = [p for p in (self.build.folder / program, self.build.folder / "tests" / program) if p.exists()]
        return str(found[0])


def justified():
    """Key -> why it may live: lines `key  ::  reason`; what is written with a `*` at its end stands for all that begin so."""
    reasons = {}
    for line in (Path(__file__).parent / "justified.txt").read_text().splitlines():
        if "::" in line and not line.startswith("#"):
            # A key holds C++, and so may hold `::`; the reason's stands between two spaces.
            key, reason = line.split("  ::  ", 1)
            reasons[key.strip()] = reason.strip()
    return reasons


def reason_for(mutant, reasons):
    for key, reason in reasons.items():
        if mutant.key == key or key.endswith("*") and mutant.key.startswith(key[:-1]):
            return key, reason
    return None, None


def report(mutation, options):
    reasons, used = justified(), set()
    counts, survivors = Counter(), []
    print("| mutant | | what | caught by | it saw | s |\n|---|---|---|---|---|---|")
    for mutant, result, seconds in mutation.run():
        if result == "does not compile":
            counts["do not compile"] += 1
            continue
        counts[mutant.kind] += 1
        key, reason = reason_for(mutant, reasons)
        if result is None and key:
            used.add(key)
            counts[f"{mutant.kind} justified"] += 1
        elif result is None:
            survivors.append(mutant)
        else:
            counts[f"{mutant.kind}: {result[0]}"] += 1
            if key and not key.endswith("*"):
                print(f"{mutant.key}: needs no justification", file=sys.stderr)
        by, saw = result or (("lives, justified", reason) if key else ("**LIVES**", ""))
        print(f"| {mutant.file}:{mutant.line} {mutant.function} | {mutant.kind} | {mutant.what} | {by} | {saw} | {seconds:.1f} |",
              flush=True)
    print()
    for name, count in sorted(counts.items()):
        print(f"{count:6} {name}")
    for mutant in survivors:
        print(f"LIVES {mutant.key}")
    unused = [] if options.only or options.kind else sorted(set(reasons) - used)
    for key in unused:
        print(f"NOT NEEDED in justified.txt: {key}")
    judged = sum(counts[kind] for kind in ("sync", "order", "length"))
    print(f"{judged - len(survivors)} passed, {len(survivors) + len(unused)} failed")
    return not survivors and not unused


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=Path)
    parser.add_argument("--kind", choices=["sync", "order", "length"])
    parser.add_argument("--only")
    parser.add_argument("--states", type=int, default=4000)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--list", action="store_true")
    options = parser.parse_args()
    mutation = Mutation(Build(options.build.resolve()), options)
    if options.list:
        for mutant in mutation.mutants:
            print(f"{mutant.kind:6} {mutant.key}")
        return
    sys.exit(0 if report(mutation, options) else 1)


if __name__ == "__main__":
    main()
