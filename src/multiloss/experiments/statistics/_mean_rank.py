"""The mean rank over metrics and seeds: an order that no unit and no outlier can tilt."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence

from ...problems import Score
from ..runs import Run


def mean_ranks(runs: Sequence[Run], score: Mapping[str, Score]) -> dict[str, float]:
    """Within every seed and metric 1 is the best; ties share the mean of their places, failed runs share the last.

    Args:
        runs: of all contenders.
        score: metric name to `Score`.

    Returns:
        Label to mean rank, between 1 and the number of contenders.

    Example:
        >>> runs = [Run("a", 0, {"mae": 1.0}), Run("b", 0, {"mae": 2.0}), Run("c", 0, {"mae": 1.0})]
        >>> mean_ranks(runs, {"mae": Score("min")})
        {'a': 1.5, 'b': 3.0, 'c': 1.5}
    """
    found: dict[str, list[float]] = {run.balancer: [] for run in runs}
    for seed in dict.fromkeys(run.seed for run in runs):
        own = [run for run in runs if run.seed == seed]
        for name, entry in score.items():
            values = [_value(run, name, entry) for run in own]
            for run, value in zip(own, values, strict=True):
                better, equal = sum(other > value for other in values), values.count(value)
                found[run.balancer].append(better + (equal + 1) / 2)
    return {label: statistics.fmean(ranks) for label, ranks in found.items() if ranks}


def _value(run: Run, name: str, score: Score) -> float:
    value = run.metrics.get(name) if run.finished else None
    return -math.inf if value is None else score.sign * value
