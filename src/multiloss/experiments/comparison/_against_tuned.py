"""Whether a balancer does more than tuned fixed weights do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ...problems import Score
from ..defaults import TUNED
from ..runs import Run
from ..statistics import CONFIDENCE, holm, improvement, p_value


def better_than_tuned(runs: Sequence[Run], score: Mapping[str, Score], labels: Sequence[str]) -> list[str]:
    """Those of the contenders that are shown to be better than the tuned weights (t test, Holm's correction)."""
    gains = _gains(runs, score, labels)
    adjusted = holm({label: p_value(values) for label, values in gains.items()})
    return [
        label for label, p in adjusted.items() if p is not None and p < 1.0 - CONFIDENCE and sum(gains[label]) > 0.0
    ]


def _gains(runs: Sequence[Run], score: Mapping[str, Score], labels: Sequence[str]) -> dict[str, list[float]]:
    reference = {run.seed: run.metrics for run in runs if run.balancer == TUNED and run.finished}
    found: dict[str, list[float]] = {}
    for run in runs:
        if run.balancer in labels and run.balancer != TUNED and run.finished and run.seed in reference:
            gain = improvement(run.metrics, reference[run.seed], score)
            if gain is not None:
                found.setdefault(run.balancer, []).append(gain)
    return found
