"""Time from K gradients to the combined one, beside the other libraries on the same gradients.

The gradients are random, in 2 K + 1 dimensions, float32. Ours is compiled by the backend's compiler; PyTorch runs it as
it is, as it does the others. README.md says how to run and to read it.
"""

from __future__ import annotations

import pinned  # noqa: F401

# isort: split
import argparse
import json
import sys
import warnings
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from libraries import LIBRARIES, member
from references import REFERENCES
from sampling import compiled, line, milliseconds


def gradients(terms: int) -> np.ndarray:
    """The same for everyone."""
    return np.random.default_rng([0, terms]).normal(size=(terms, 2 * terms + 1)).astype("float32")


def ours(method: str, terms: int) -> Callable[[], Any]:
    """The published combination, on the device and back."""
    from multiloss.aggregation import aggregate

    chosen = member(method)
    rows = keras.ops.convert_to_tensor(gradients(terms))
    function = compiled(lambda given: aggregate(given, chosen))
    return lambda: keras.ops.convert_to_numpy(function(rows))


def measured(method: str, library: str, terms: int, repeats: int) -> dict[str, Any] | None:
    """One row of the table; None where the library has no such method."""
    backend = keras.backend.backend()
    row = {"method": method, "terms": terms, "library": f"multiloss ({backend})" if library == "multiloss" else library}
    if library == "multiloss":
        call = ours(method, terms)
    else:
        combine = LIBRARIES[library](method, terms)
        if combine is None:
            return None
        rows = gradients(terms)

        def call() -> Any:
            return combine(rows)

    try:
        row["ms"] = milliseconds(call, repeats)
    except Exception as error:
        return row | {"ms": type(error).__name__}
    if backend == "torch":
        from launches import launches

        row["operations"], row["launches"] = launches(call)
    return row


def main() -> None:
    """Reads the arguments, measures, prints a table or JSON."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--terms", default="2,5,8,20", help="numbers of terms K")
    parser.add_argument("--methods", default=",".join(REFERENCES))
    parser.add_argument("--libraries", default=",".join(LIBRARIES))
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    table = []
    for method in options.methods.split(","):
        for terms in map(int, options.terms.split(",")):
            for library in options.libraries.split(","):
                row = measured(method, library, terms, options.repeats)
                if row is not None:
                    table.append(row)
                    print(line(row), file=sys.stderr, flush=True)
    if options.json:
        json.dump(table, sys.stdout, indent=1)


if __name__ == "__main__":
    main()
