"""What trainings on several devices left, compared with those on one: a table, and what differs too much."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from device_runs import TOLERANCE, largest_difference

# Ten steps amplify the rounding of the first: the last bit of each input alone moves `scales` by 1e-5.
# Aligned-MTL divides by the root of the smallest eigenvalue that counts.
TOLERANCES = {"scales": 1e-4, "everything": 1e-5, "balancer-aligned_mtl": 2e-6}


def found(folder: Path, mode: str, name: str, rank: int = 0) -> dict[str, np.ndarray]:
    """What one training left."""
    with np.load(folder / f"{mode}-{name}-{rank}.npz") as file:
        return dict(file)


def compare(
    folder: Path, plan: Mapping[str, Sequence[str]], ranks: Mapping[str, int], inexact: Sequence[str] = ()
) -> tuple[dict[str, dict[str, float]], dict[tuple[str, str, int], tuple[float, str]]]:
    """The largest differences by name and mode, and those beyond the tolerance; ranks must not differ at all.

    Args:
        folder: where the children wrote.
        plan: names by mode.
        ranks: the number of processes by mode; 1 where nothing is said.
        inexact: names of which one device gives other numbers, so that only ranks are compared.
    """
    errors = {path.stem: path.read_text() for path in folder.glob("*.txt")}
    assert not errors, "\n".join(errors.values())
    table: dict[str, dict[str, float]] = {}
    differ: dict[tuple[str, str, int], tuple[float, str]] = {}
    for mode, names in plan.items():
        for name in names:
            first = found(folder, mode, name)
            table.setdefault(name, {})[mode] = (difference := largest_difference(found(folder, "one", name), first))[0]
            if not difference[0] < TOLERANCES.get(name, TOLERANCE) and name not in inexact:
                differ[mode, name, 0] = difference
            for rank in range(1, ranks.get(mode, 1)):
                drift = largest_difference(first, found(folder, mode, name, rank))
                if drift[0] != 0.0:
                    differ[mode, name, rank] = drift
    return table, differ


def printed(table: Mapping[str, Mapping[str, float]], titles: Mapping[str, str]) -> str:
    """The table of `docs/several_devices.md`."""
    rows = ["| configuration | " + " | ".join(titles.values()) + " |", "|---|" + "---|" * len(titles)]
    for name, row in table.items():
        cells = (f"{row[mode]:.0e}".replace("e-0", "e-") if mode in row else "" for mode in titles)
        rows.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(rows)
