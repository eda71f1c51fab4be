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
    """Every library on PyTorch, multiloss on all backends; a summary, and one table a method."""
    size = ["--seeds", "1", "--terms", "2,3"] if quick else []
    found = run("torch", "exactness.py", *size)
    for backend in BACKENDS[1:]:
        found += run(backend, "exactness.py", "--libraries", "multiloss", *size)
    return by_method(found)


def by_method(found: list[tables.Row]) -> dict[str, list[tables.Row]]:
    """A line a method, of matrices within 1e-4 and within 1e-2, then a table a method."""
    found = sorted(found, key=lambda row: not row["library"].startswith("multiloss"))
    libraries = dict.fromkeys(row["library"] for row in found)
    summary = []
    details = {}
    for method in dict.fromkeys(row["method"] for row in found):
        own = [row for row in found if row["method"] == method]
        line: tables.Row = {"method": method, "matrices": own[0]["matrices"], **dict.fromkeys(libraries)}
        summary.append(line | {row["library"]: f"{row['within 1e-4']} / {row['within 1e-2']}" for row in own})
        details[method] = [{key: row[key] for key in row if key != "method"} for row in own]
    return {"Within 1e-4 / within 1e-2": summary, **details}


def solve(quick: bool) -> dict[str, list[tables.Row]]:
    """Milliseconds of every library, and what PyTorch dispatches; one line a method and K."""
    size = ["--terms", "2,5", "--repeats", "3"] if quick else []
    found = run("torch", "solve_beside.py", *size)
    for backend in BACKENDS[1:]:
        found += run(backend, "solve_beside.py", "--libraries", "multiloss", *size)
    libraries = sorted(
        dict.fromkeys(row["library"] for row in found), key=lambda name: not name.startswith("multiloss")
    )
    lines: dict[tuple[str, int], tables.Row] = {}
    for row in found:
        place = (row["method"], row["terms"])
        line = lines.setdefault(place, {"method": place[0], "K": place[1], **dict.fromkeys(libraries)})
        line[row["library"]] = row["ms"]
        if "operations" in row:
            line[f"calls, {row['library'].split(' ')[0]}"] = f"{row['operations']} / {row['launches']}"
    return {"": list(lines.values())}


# What a column of step_time.py is called on the page; the rest is left out.
STEP_COLUMNS = {
    "balancer": "balancer",
    "terms": "K",
    "raise": "step",
    "floor": "floor",
    "autojac": "autojac",
    "autogram": "autogram",
    "LibMTL": "LibMTL",
    "torch": "plain PyTorch",
    "compiling": "first step",
    "plain_mib": "plain Keras MiB",
    "raise MiB": "MiB",
    "autojac MiB": "autojac MiB",
    "autogram MiB": "autogram MiB",
    "LibMTL MiB": "LibMTL MiB",
    "plain_ms": "plain Keras ms",
}


def step(quick: bool) -> dict[str, list[tables.Row]]:
    """Every balancer beside plain Keras on each backend, and on PyTorch beside the others."""
    size = ["--terms", "2", "--steps", "5", "--rounds", "1", "--balancers", "none,mgda,uncertainty"]
    if not quick:
        size = ["--terms", "2,5,20", "--steps", "20", "--rounds", "3", "--balancers", "all"]
    titles = {"torch": "PyTorch", "jax": "JAX", "tensorflow": "TensorFlow"}
    found = {}
    for backend in BACKENDS:
        beside = ["--torchjd", "--heads", "weighted"] if backend == "torch" else []
        memory = ["--memory"] if sys.platform == "linux" else []
        rows = run(backend, "step_time.py", "--guards", "raise", *memory, *size, *beside)
        there = [key for key in STEP_COLUMNS if any(key in row for row in rows)]
        found[titles[backend]] = [{STEP_COLUMNS[key]: row.get(key) for key in there} for row in rows]
    return found


TABLES: dict[str, Any] = {"exactness": exactness, "solve": solve, "step": step}


def main() -> None:
    """Reads the arguments, measures, writes the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("table", nargs="?", default="all", choices=["all", *TABLES])
    parser.add_argument("--quick", action="store_true", help="a few small cases, to see that it runs")
    parser.add_argument("--page", type=Path, default=PAGE, help="another page with the same markers")
    options = parser.parse_args()
    for name in TABLES if options.table == "all" else [options.table]:
        tables.write(options.page, name, TABLES[name](options.quick))


if __name__ == "__main__":
    main()
