"""The lengths of the gradients, for balancers that read nothing else of them."""

from __future__ import annotations

from keras import ops

from .._core.balancer import Signals
from .._core.errors import invalid
from .._core.linalg import to_float
from .._core.typing import Array

# The smallest normal number of float32, and the largest whose inverse is one: what lies between can be divided by.
SMALLEST, LARGEST = 2.0**-126, 2.0**126


def norms_of(signals: Signals, present: Array) -> Array:
    """The gradient norms, shape `(K,)`, float32 or better and positive; 1 where absent, whatever stands there."""
    norms = to_float(signals.norms)
    return ops.where(present, ops.clip(norms, SMALLEST, LARGEST), ops.ones_like(norms))


def largest_of(values: Array, present: Array) -> Array:
    """The largest of the present non-negative values, a scalar; 0 where all are absent."""
    return ops.max(ops.where(present, values, ops.zeros_like(values)))


def check_decay(decay: float) -> float:
    """The memory of a running mean as a float.

    Raises:
        ValueError: when it is not in [0, 1).
    """
    if not 0.0 <= decay < 1.0:
        raise invalid("`decay` must be a number from 0 up to, but not including, 1", received=decay)
    return float(decay)
