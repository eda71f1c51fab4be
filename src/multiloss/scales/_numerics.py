"""Arithmetic that neither overflows nor vanishes."""

from __future__ import annotations

from keras import ops

from .._core.typing import Array
from ._guard import SMALLEST


def hypotenuse(first: Array, second: Array) -> Array:
    """The root of the sum of squares, in units of the larger one: no square overflows or vanishes."""
    larger = ops.maximum(ops.abs(first), ops.abs(second))
    unit = ops.where(larger >= SMALLEST, larger, ops.ones_like(larger))
    return unit * ops.sqrt((first / unit) ** 2 + (second / unit) ** 2)
