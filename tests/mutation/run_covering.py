"""Runs the tests that enter the line that a mutant has changed, the quickest first, and ends as pytest does."""

import re
import sqlite3
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

RECORD = Path(".mutants")  # what `make mutants` recorded: which test enters which line, and how long each takes
SECONDS = 100.0  # of tests, as recorded: lines that hundreds of tests enter are known by the quick ones


def changed() -> tuple[Path, int]:
    """The file and the first line that differ from the commit."""
    difference = subprocess.run(["git", "diff", "-U0", "src"], check=True, capture_output=True, text=True).stdout
    file, line = re.search(r"^--- a/(.+)\n.*\n@@ -(\d+)", difference, re.MULTILINE).groups()
    return Path(file).resolve(), int(line)


def covering(file: Path, line: int) -> set[str]:
    """Tests that enter the line; for one that runs on import, such as a default, all that enter its file."""
    from coverage.numbits import numbits_to_nums

    with sqlite3.connect(RECORD / "coverage") as database:
        rows = database.execute(
            "SELECT context.context, numbits FROM line_bits JOIN context ON context.id = context_id "
            "JOIN file ON file.id = file_id WHERE path = ? AND context.context != ''",
            (str(file),),
        ).fetchall()
    lines = {(context.split("|")[0], number) for context, bits in rows for number in numbits_to_nums(bits)}
    return {test for test, entered in lines if entered == line} or {test for test, _ in lines}


def seconds() -> dict[str, float]:
    """How long each test took."""
    cases = ElementTree.parse(RECORD / "junit.xml").iter("testcase")
    return {
        f"{case.get('classname').replace('.', '/')}.py::{case.get('name')}": float(case.get("time")) for case in cases
    }


taken = seconds()
chosen, total = [], 0.0
for test in sorted(covering(*changed()) & set(taken), key=taken.__getitem__):
    total += taken[test]
    if chosen and total > SECONDS:
        break
    chosen.append(test)
if not chosen:
    sys.exit(0)  # no test enters the line: the mutant survives
sys.exit(pytest.main(["-x", "-q", "-p", "no:cacheprovider", *chosen]))
