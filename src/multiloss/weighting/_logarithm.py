"""Which losses have a logarithm."""

from __future__ import annotations

from keras import ops

from .._core.typing import Array

# A loss at or below this has no logarithm to speak of; its inverse is still far from the overflow limit of float32.
FLOOR = 2.0**-100


def measurable(losses: Array, present: Array) -> tuple[Array, Array]:
    """The losses that have a logarithm, 1 in the place of the others, and a mask of them; shape `(K,)` each."""
    counts = ops.logical_and(present, losses > FLOOR)
    return ops.where(counts, losses, ops.ones_like(losses)), counts
