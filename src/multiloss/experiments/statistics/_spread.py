"""The middle half of repeated measurements, of times above all: what else a machine does makes some of them long."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

Quartiles = tuple[float, float]


def quartiles(values: Sequence[float]) -> Quartiles | None:
    """The first and the third quartile; None with fewer than two values.

    Example:
        >>> quartiles([1.0, 2.0, 3.0, 4.0, 5.0])
        (2.0, 4.0)
    """
    if len(values) < 2:
        return None
    low, _, high = statistics.quantiles(values, n=4, method="inclusive")
    return low, high


def overlap(first: Quartiles | None, second: Quartiles | None) -> bool:
    """Whether two middle halves have a value in common; False where one is not known.

    Example:
        >>> overlap((1.0, 2.0), (1.5, 3.0)), overlap((1.0, 2.0), (2.5, 3.0)), overlap(None, (1.0, 2.0))
        (True, False, False)
    """
    return first is not None and second is not None and first[0] <= second[1] and second[0] <= first[1]
