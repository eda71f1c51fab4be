"""Every table of docs/benchmarks.md: runs the scripts on each backend and writes what they found."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import tables

HERE = Path(__file__).parent
PAGE = HERE.parent / "docs" / "benchmarks.md"
BACKENDS = ("torch", "jax", "tensorflow")


def run(backend: str, script: str, *arguments: str) -> list[tables.Row]:
    """What a script prints as JSON under a backend; a script that fails ends the run."""
    command = [sys.executable, "-W", "ignore", str(HERE / script), "--json", *arguments]
    print(f"{backend}: {script} {' '.join(arguments)}", file=sys.stderr, flush=True)
    done = subprocess.run(command, env={**os.environ, "KERAS_BACKEND": backend}, stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)


def exactness(quick: bool) -> dict[str, list[tables.Row]]:
    """Every library on PyTorch, multiloss on all backends; one table a method."""
    size = ["--seeds", "1", "--terms", "2,3"] if quick else []
    found = run("torch", "exactness.py", *size)
    for backend in BACKENDS[1:]:
        found += run(backend, "exactness.py", "--libraries", "multiloss", *size)
    found.sort(key=lambda row: not row["library"].startswith("multiloss"))
    methods = dict.fromkeys(row["method"] for row in found)
    return {
        method: [{key: row[key] for key in row if key != "method"} for row in found if row["method"] == method]
        for method in methods
    }


TABLES: dict[str, Any] = {"exactness": exactness}


def main() -> None:
    """Reads the arguments, measures, writes the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("table", nargs="?", default="all", choices=["all", *TABLES])
    parser.add_argument("--quick", action="store_true", help="a few small cases, to see that it runs")
    options = parser.parse_args()
    for name in TABLES if options.table == "all" else [options.table]:
        tables.write(PAGE, name, TABLES[name](options.quick))


if __name__ == "__main__":
    main()
