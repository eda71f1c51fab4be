"""The terms of one batch as vectors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from keras import ops

from .._core.typing import Array


@dataclass(frozen=True)
class Measured:
    """The terms of one batch as vectors of length T, detached.

    Attributes:
        losses: raw losses.
        present: whether a term takes part: it has a label and a user's weight other than 0.
        user: the user's weights, schedules included.
        divisors: the scales.
    """

    losses: Array
    present: Array
    user: Array
    divisors: Array


def stack(values: Sequence[Any], dtype: str = "float32") -> Array:
    """Scalars as a vector; numbers known beforehand become a constant."""
    if not any(ops.is_tensor(value) for value in values):
        return ops.convert_to_tensor(np.array(values, dtype))
    return ops.stack([value if _has_dtype(value, dtype) else ops.cast(value, dtype) for value in values])


def _has_dtype(value: Any, dtype: str) -> bool:
    return ops.is_tensor(value) and str(value.dtype).endswith(dtype)
