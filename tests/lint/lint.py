"""Checks what the compiler cannot: who may include whom, who may talk to the operating system, what stays out.

Reads the dependency graph from CMakeLists.txt (mneme_module lines) and holds it against the real includes. Prints
one line a violation, the sizes of functions and files, and `N passed, N failed` over its rules.
`lint.py --root DIR` lints another tree; lint_test.py plants violations there and expects each rule to go red.
"""
import argparse
import pathlib
import re
import subprocess
import sys

INCLUDE = re.compile(r'^\s*#include\s+(["<])([^">]+)[">]', re.M)
MODULE = re.compile(r"^mneme_module\((\S+?)(?:\s+DEPS\s+([^)]*?))?(?:\s+(?:FAST|ALONE)\s+\"[^\"]*\")*\)", re.M)
THREADS = re.compile(r"std::(?:j?thread|(?:recursive_|shared_|timed_)?mutex|condition_variable|this_thread)\b")
HEAVY = {"iostream", "sstream", "fstream", "regex", "filesystem"}
OS_HEADERS = {"fcntl.h", "unistd.h", "sys/stat.h", "sys/mman.h", "sys/file.h", "dirent.h", "pthread.h", "thread", "mutex",
              "condition_variable"}
LEFTOVER = re.compile(r"\b(?:TODO|FIXME|XXX|HACK)\b")
FILE_LINES_MAX = 800


def sources(root, folder):
    base = root / folder
    return sorted(p for p in base.rglob("*") if p.suffix in (".h", ".cc")) if base.is_dir() else []


def code_of(text):
    """The text without comments, so that a rule is not broken by prose."""
    return re.sub(r"//[^\n]*|/\*.*?\*/", "", text, flags=re.S)


def module_of(path, modules):
    """The longest declared folder that is a prefix of the path."""
    fits = [m for m in modules if path == m or path.startswith(m + "/")]
    return max(fits, key=len, default=None)


def declared_graph(root):
    return {name: set((deps or "").split()) for name, deps in MODULE.findall((root / "CMakeLists.txt").read_text())}


def rule_dependencies(root):
    graph = declared_graph(root)
    order = list(graph)
    for name, deps in graph.items():  # Declared before use: the graph cannot have a cycle.
        for dep in deps:
            if dep not in graph or order.index(dep) >= order.index(name):
                yield f"CMakeLists.txt: {name} depends on {dep}, which is not declared before it"
    for path in sources(root, "src"):
        inside = path.relative_to(root / "src")
        module = module_of(str(inside.parent), graph)
        if module is None:
            yield f"src/{inside}: in no declared module"
            continue
        for kind, header in INCLUDE.findall(path.read_text()):
            if kind != '"' or header.startswith("mneme/"):
                continue
            target = module_of(str(pathlib.PurePath(header).parent), graph)
            if target != module and target not in graph[module] and not test_may(path, target):
                yield f"src/{inside}: includes {header}, but {module} does not declare {target}"


def test_may(path, target):
    """A test or a fuzzer may run its module in the simulated world."""
    return path.name.endswith(("_test.cc", "_test.h", "_fuzz.cc")) and target == "os/sim"


def rule_outside_sees_only_the_api(root):
    for folder in ("cli", "server", "connectors", "bindings", "examples", "demo", "bench"):
        also = "cli" if folder == "demo" else folder  # The demo reads logs as the command line does.
        for path in sources(root, folder):
            bases = [path.parent, root / folder, root / also]
            if path.name.endswith(("_test.cc", "_bench.cc")):
                bases.append(root / "tests")  # For its support/; the program itself does not see it.
            for kind, header in INCLUDE.findall(path.read_text()):
                own = any((base / header).exists() for base in bases)
                if kind == '"' and not header.startswith("mneme/") and not own:
                    yield f"{path.relative_to(root)}: includes {header}; only include/mneme/ may be seen from here"


def rule_operating_system(root):
    for path in sources(root, "src"):
        inside = str(path.relative_to(root / "src"))
        if inside.startswith("os/"):
            continue
        text = path.read_text()
        for match in THREADS.finditer(code_of(text)):
            yield f"src/{inside}: {match.group()} (use os/thread.h)"
        for kind, header in INCLUDE.findall(text):
            if kind == "<" and header in OS_HEADERS:
                yield f"src/{inside}: includes <{header}> (the operating system is behind os/)"


def rule_intrinsics(root):
    for path in sources(root, "src"):
        inside = str(path.relative_to(root / "src"))
        if inside.startswith("simd/") or inside == "base/crc32c.cc":
            continue
        for kind, header in INCLUDE.findall(path.read_text()):
            if kind == "<" and (header.endswith("intrin.h") or header in ("arm_neon.h", "arm_acle.h")):
                yield f"src/{inside}: includes <{header}> (intrinsics live in simd/)"


def rule_heavy_headers(root):
    for folder in ("src", "include"):
        for path in sources(root, folder):
            for kind, header in INCLUDE.findall(path.read_text()):
                if kind == "<" and header in HEAVY:
                    yield f"{path.relative_to(root)}: includes <{header}>"


def rule_nothing_left_over(root):
    for folder in ("src", "include", "cli", "tests", "examples", "demo", "bench"):
        for path in sources(root, folder):
            for number, line in enumerate(path.read_text().splitlines(), 1):
                if LEFTOVER.search(line):
                    yield f"{path.relative_to(root)}:{number}: {line.strip()}"


def rule_file_sizes(root):
    for folder in ("src", "include", "cli", "examples", "demo", "bench"):
        for path in sources(root, folder):
            lines = len(path.read_text().splitlines())
            if lines > FILE_LINES_MAX:
                yield f"{path.relative_to(root)}: {lines} lines"


def rule_architecture(root):
    page = root / "ARCHITECTURE.md"
    text = page.read_text() if page.exists() else ""
    folders = {f"src/{p.relative_to(root / 'src')}" for p in (root / "src").rglob("*")
               if p.is_dir() and any(c.suffix in (".h", ".cc") for c in p.iterdir())}
    named = {n.rstrip("/") for n in re.findall(r"`(src/[a-z0-9_/]+)`", text) if not n.endswith((".h", ".cc"))}
    for folder in sorted(folders - named):
        yield f"ARCHITECTURE.md does not name {folder}"
    for folder in sorted(named - folders):
        yield f"ARCHITECTURE.md names {folder}, which is not there"


def rule_format(root):
    files = [str(p) for folder in ("src", "include", "cli", "tests", "examples", "demo", "bench") for p in sources(root, folder)]
    if not files:
        return
    done = subprocess.run(["clang-format-19", "--dry-run", *files], stderr=subprocess.PIPE, text=True, cwd=root)
    for name in sorted({m.group(1) for m in re.finditer(r"^(\S+?):\d+:\d+: warning", done.stderr, re.M)}):
        yield f"{pathlib.Path(name).relative_to(root)}: not formatted (./dev fmt)"


def function_lengths(text):
    """Lengths of function bodies: a line that opens a brace after a parameter list, to its closing brace."""
    lines = text.splitlines()
    opening = re.compile(r"^( *)(?!.*\b(?:if|for|while|switch|namespace|struct|class|enum|union|do|else|try)\b)[\w~&*:<>,\[\] ].*\)"
                         r"[\w\s:&>()*-]*\{$")
    for number, line in enumerate(lines):
        match = opening.match(line)
        if not match:
            continue
        closing = match.group(1) + "}"
        for end in range(number + 1, len(lines)):
            if lines[end].startswith(closing) and lines[end].strip()[0] == "}":
                yield end - number + 1, number + 1
                break


def print_sizes(root):
    lengths = sorted((length, f"{path.relative_to(root)}:{line}") for folder in ("src", "cli")
                     for path in sources(root, folder) if not path.name.endswith("_test.cc")
                     for length, line in function_lengths(path.read_text()))
    files = sorted((len(p.read_text().splitlines()), str(p.relative_to(root))) for f in ("src", "cli", "include")
                   for p in sources(root, f))
    if lengths:
        print(f"functions: {len(lengths)}, p50 {lengths[len(lengths) // 2][0]} lines, "
              f"p90 {lengths[len(lengths) * 9 // 10][0]}, longest " + ", ".join(f"{w} ({n})" for n, w in lengths[-3:]))
    if files:
        print(f"files: {len(files)}, p50 {files[len(files) // 2][0]} lines, longest " +
              ", ".join(f"{w} ({n})" for n, w in files[-3:]))


RULES = [rule_dependencies, rule_outside_sees_only_the_api, rule_operating_system, rule_intrinsics, rule_heavy_headers,
         rule_nothing_left_over, rule_file_sizes, rule_architecture, rule_format]


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--root", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parents[2])
    root = arguments.parse_args().root.resolve()
    failed = 0
    for rule in RULES:
        found = list(rule(root))
        failed += bool(found)
        for line in found:
            print(f"{rule.__name__[5:]}: {line}")
    print_sizes(root)
    print(f"{len(RULES) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
