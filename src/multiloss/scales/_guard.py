"""What every measured divisor passes through, and the checks of its arguments."""

from __future__ import annotations

import numbers

from keras import ops

from .._core.errors import invalid
from .._core.typing import Array

# The smallest normal number of float32: below it, dividing loses digits or gives infinity.
SMALLEST = 2.0**-126

# A deviation below this part of the losses is their rounding in float32.
ROUNDING = 8.0 * 2.0**-23


def usable(value: Array) -> Array:
    """Whether one can divide by the value: it is not 0, denormal, negative, infinite or NaN."""
    return ops.logical_and(value >= SMALLEST, ops.isfinite(value))


def positive(value: Array) -> Array:
    """The value, or 1 where one cannot divide by it."""
    return ops.where(usable(value), value, ops.ones_like(value))


def check_power(power: float) -> float:
    """The power as a float in [0, 1]."""
    if not 0.0 <= power <= 1.0:
        raise invalid("`power` must be between 0 and 1", received=power)
    return float(power)


def check_decay(decay: float) -> float:
    """The memory of a running mean as a float in [0, 1)."""
    if not 0.0 <= decay < 1.0:
        raise invalid("`decay` must be at least 0 and below 1", received=decay)
    return float(decay)


def check_batches(name: str, number: int) -> int:
    """A number of batches, at least 1."""
    if isinstance(number, bool) or not isinstance(number, numbers.Integral) or number < 1:
        raise invalid(f"`{name}` must be an integer, at least 1", received=number)
    return int(number)
