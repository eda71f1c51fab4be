"""Time of a balancer's weights alone, beside quadprog and cvxpy forms of the same problems.

The Gramians are of random gradients in 2 K + 1 dimensions. Ours is compiled by the backend's compiler (PyTorch: runs
as it is) and works in float32; the others work in float64 on the CPU, with cvxpy's problems compiled once and given new
numbers. `apart` is how far the two combined gradients are apart, over the longest gradient: they solve one problem.
README.md says how to run and to read it.
"""

from __future__ import annotations

import pinned  # noqa: F401

# isort: split
import argparse
import json
import sys
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from convex_forms import FORMS
from sampling import compiled, line, milliseconds

from multiloss._core.registry import members
from multiloss.aggregation import CAGrad, solve


def ours(name: str) -> Callable[[Any], Any]:
    """The member's published weights for a Gramian."""
    entry = next(entry for entry in members("balancer") if entry.name == name)
    member = CAGrad(c=0.5, normalize="none") if name == "cagrad" else entry.cls(normalize="none")
    return compiled(lambda gramian: solve(gramian, member))


def measured(name: str, terms: int, samples: int, repeats: int) -> dict[str, Any]:
    """One row of the table."""
    function = ours(name)
    row: dict[str, Any] = {"backend": keras.backend.backend(), "balancer": name, "terms": terms}
    times: dict[str, list[float]] = {"ours_ms": []}
    apart = 0.0
    form = FORMS[name](terms) if name in FORMS else None
    for seed in range(samples):
        rows = np.random.default_rng([seed, terms]).normal(size=(terms, 2 * terms + 1)).astype("float32").astype(float)
        gramian = keras.ops.convert_to_tensor((rows @ rows.T).astype("float32"))
        times["ours_ms"].append(milliseconds(lambda g=gramian: keras.ops.convert_to_numpy(function(g)), repeats))
        if form is not None:
            times.setdefault("convex_ms", []).append(milliseconds(lambda r=rows: form(r @ r.T), repeats))
            difference = (keras.ops.convert_to_numpy(function(gramian)) - form(rows @ rows.T)) @ rows
            apart = max(apart, float(np.linalg.norm(difference) / np.linalg.norm(rows, axis=1).max()))
    row |= {key: float(np.median(values)) for key, values in times.items()}
    if form is not None:
        row |= {"apart": f"{apart:.0e}", "form": type(form).__name__}
    return row


def main() -> None:
    """Reads the arguments, measures, prints a table or JSON."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--terms", default="2,8,20,40", help="numbers of terms K")
    parser.add_argument("--balancers", default=",".join(FORMS), help="names; some have no convex form")
    parser.add_argument("--samples", type=int, default=3, help="Gramians for each K")
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    table = []
    for name in options.balancers.split(","):
        for terms in map(int, options.terms.split(",")):
            table.append(measured(name, terms, options.samples, options.repeats))
            if not options.json:
                print(line(table[-1]), flush=True)
    if options.json:
        json.dump(table, sys.stdout, indent=1)


if __name__ == "__main__":
    main()
