"""Each lint rule's positive control: a tree with that one violation planted must turn that rule red, and no other."""
import pathlib
import subprocess
import sys
import tempfile

CLEAN = {
    "CMakeLists.txt": "mneme_module(base)\nmneme_module(os DEPS base)\nmneme_module(storage DEPS base os)\n",
    "ARCHITECTURE.md": "`src/base` `src/os` `src/storage`\n",
    "src/base/a.h": "#pragma once\n",
    "src/os/o.h": '#pragma once\n#include "base/a.h"\n',
    "src/storage/s.h": '#pragma once\n#include "os/o.h"\n',
    "cli/main.cc": '#include "mneme/result.h"\n',
}
PLANTED = {
    "dependencies": {"src/base/a.h": '#pragma once\n#include "storage/s.h"\n'},
    "outside_sees_only_the_api": {"cli/main.cc": '#include "storage/s.h"\n'},
    "operating_system": {"src/storage/t.cc": "std::mutex m;\n"},
    "intrinsics": {"src/storage/t.cc": "#include <immintrin.h>\n"},
    "heavy_headers": {"src/storage/t.cc": "#include <iostream>\n"},
    "nothing_left_over": {"src/storage/t.cc": "// TO" + "DO later\n"},
    "file_sizes": {"src/storage/t.cc": "int a;\n" * 801},
    "architecture": {"src/query/q.h": "#pragma once\n", "CMakeLists.txt": CLEAN["CMakeLists.txt"] + "mneme_module(query)\n"},
    "format": {"src/storage/t.cc": "int    a ;\n"},
}


def lint(files):
    with tempfile.TemporaryDirectory() as folder:
        for name, text in files.items():
            path = pathlib.Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        done = subprocess.run([sys.executable, pathlib.Path(__file__).with_name("lint.py"), "--root", folder],
                              stdout=subprocess.PIPE, text=True)
    return {line.split(":")[0] for line in done.stdout.splitlines() if ": " in line} - {"functions", "files"}


def main():
    failures = [f"clean tree: {lint(CLEAN)}"] if lint(CLEAN) else []
    for rule, files in PLANTED.items():
        red = lint({**CLEAN, **files})
        if red != {rule}:
            failures.append(f"{rule}: turned {red or 'nothing'} red")
    for line in failures:
        print(line)
    print(f"{len(PLANTED) + 1 - len(failures)} passed, {len(failures)} failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
