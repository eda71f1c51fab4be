"""The terms of one batch as vectors."""

from __future__ import annotations

from dataclasses import dataclass

from ..._core.typing import Array


@dataclass(frozen=True)
class Measured:
    """The terms of one batch as vectors of length T, detached.

    Attributes:
        losses: raw losses.
        present: whether a term takes part: it has a label and a user's weight other than 0.
        user: the user's weights, schedules included.
        divisors: the scales.
        weights: the weights without any balancer: the user's over the scales.
    """

    losses: Array
    present: Array
    user: Array
    divisors: Array
    weights: Array
