#!/usr/bin/env python3
"""The generator of mutants, on the sources as they are: none of the syncs may be forgotten, and a mutant is what it says."""
import re
import sys
import unittest
from pathlib import Path

import mutants

STORAGE = Path(__file__).resolve().parents[2] / "src" / "storage"


class Mutants(unittest.TestCase):
    def setUp(self):
        self.all = mutants.all_mutants(STORAGE)

    def test_every_call_that_names_a_sync_site_is_dropped_once(self):
        for path in sorted(STORAGE.glob("*.cc")):
            if re.search(r"_(test|fuzz)$", path.stem):
                continue
            code = mutants.blank(path.read_text())
            calls = len(re.findall(r"\bsync(?:_directory)?\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*(?:SyncSite::|, site\))", code))
            dropped = [m for m in self.all if m.kind == "sync" and m.file == path.name]
            self.assertGreaterEqual(len(dropped), calls, path.name)

    def test_no_two_mutants_have_one_key(self):
        keys = [m.key for m in self.all]
        self.assertEqual(len(keys), len(set(keys)))

    def test_an_order_is_the_same_statements_the_other_way_round(self):
        found = [m for m in self.all if m.key.startswith("manifest.cc fill: `TRY(write_edit(fresh")]
        self.assertEqual(len(found), 1)
        text = found[0].variants[0]
        self.assertLess(text.index("sync(SyncSite::manifest_file)"), text.index("TRY(write_edit(fresh, state.as_edit()))"))

    def test_the_program_of_all_is_the_source_but_for_what_is_asked(self):
        for file in {m.file for m in self.all}:
            source = (STORAGE / file).read_text()
            text = mutants.program_of_all(source, [m for m in self.all if m.file == file])
            text = re.sub(r"\(mneme::mutants::dropped\(\d+\) \? ::mneme::Result<void>\(\) : ", "(", text)
            text = re.sub(r"mneme::mutants::off\(\d+, ", "(", text)
            self.assertEqual(re.sub(r"[()]", "", source), re.sub(r"[()]", "", text), file)


if __name__ == "__main__":
    result = unittest.main(exit=False).result
    failed = len(result.failures) + len(result.errors)
    print(f"{result.testsRun - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)
