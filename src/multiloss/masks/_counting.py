"""The mask of the labels that count: all rules together."""

from __future__ import annotations

from functools import reduce

from .._core.typing import Array
from ._given import given
from ._labels import Labels
from ._missing import present
from ._padding import unpadded
from ._shapes import combine

# Each takes the labels and gives a bool mask with their leading axes, or None where it lets all of them count.
RULES = (present, given, unpadded)


def counting(labels: Labels) -> Array | None:
    """True where a label counts, in at most the rank of the labels; None when all of them do."""
    return reduce(combine, (rule(labels) for rule in RULES), None)
