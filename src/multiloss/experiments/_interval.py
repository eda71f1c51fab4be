"""The mean over seeds with its interval."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from ._student import t_quantile

CONFIDENCE = 0.95
METHOD = "Student t over seeds"


@dataclass(frozen=True)
class Estimate:
    """A mean over seeds.

    Attributes:
        mean: the arithmetic mean; None when no value was there.
        interval: lower and upper end of the interval at `CONFIDENCE`; None with fewer than two values.
        count: how many values entered.
    """

    mean: float | None
    interval: tuple[float, float] | None
    count: int

    def excludes_zero(self) -> bool:
        """Whether the interval exists and lies wholly on one side of zero."""
        return self.interval is not None and (self.interval[0] > 0.0 or self.interval[1] < 0.0)


def estimate(values: Sequence[float], confidence: float = CONFIDENCE) -> Estimate:
    """Mean and interval: mean +- t(confidence, n - 1) * s / sqrt(n), s with n - 1 in its denominator.

    The interval is right for values that scatter normally around the mean; with one value there is none.

    Args:
        values: one finite number a seed.
        confidence: strictly between 0 and 1.

    Example:
        >>> low, high = estimate([1.0, 2.0, 3.0]).interval
        >>> round(low, 3), round(high, 3)
        (-0.484, 4.484)
    """
    if not values:
        return Estimate(None, None, 0)
    mean = statistics.fmean(values)
    if len(values) == 1:
        return Estimate(mean, None, 1)
    half = t_quantile(confidence, len(values) - 1) * statistics.stdev(values) / math.sqrt(len(values))
    return Estimate(mean, (mean - half, mean + half), len(values))
