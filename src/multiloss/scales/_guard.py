"""What every measured divisor passes through: it must be positive and finite."""

from __future__ import annotations

from keras import ops

from .._core.typing import Array

# The smallest normal number of float32: below it, dividing loses digits or gives infinity.
SMALLEST = 2.0**-126


def positive(value: Array) -> Array:
    """The value, or 1 where it is 0, denormal, infinite or NaN."""
    usable = ops.logical_and(value >= SMALLEST, ops.isfinite(value))
    return ops.where(usable, value, ops.ones_like(value))
