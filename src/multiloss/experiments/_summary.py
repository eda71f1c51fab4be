"""What the runs say of each balancer: means, intervals, rank, and a verdict in words."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ._improvement import improvement, relative_change
from ._interval import Estimate, estimate
from ._run import Run
from ._verdict import sentence, verdict


@dataclass(frozen=True)
class Standing:
    """One balancer's line in the summary.

    Attributes:
        balancer: its label.
        rank: 1 for the largest mean improvement; None where nothing can be compared.
        finished: how many seeds reached the last epoch.
        failed: how many did not.
        improvement: mean relative change over the score metrics, paired with the baseline's run of the same seed.
        metrics: every score metric in its own unit.
        changes: the relative change of every score metric, paired by seed, positive when better.
        seconds_per_step: median over the seeds.
        slowdown: `seconds_per_step` over that of the baseline.
        verdict: `"baseline"`, `"better"`, `"worse"`, `"not distinguishable"`, `"too few seeds"` or `"failed"`.
        sentence: the verdict in words, with its numbers.
    """

    balancer: str
    rank: int | None
    finished: int
    failed: int
    improvement: Estimate
    metrics: Mapping[str, Estimate]
    changes: Mapping[str, Estimate]
    seconds_per_step: float | None
    slowdown: float | None
    verdict: str
    sentence: str

    def to_dict(self) -> dict[str, Any]:
        """The line as plain data."""
        return asdict(self)


def with_improvements(runs: Sequence[Run], baseline: str, score: Mapping[str, str]) -> list[Run]:
    """The runs with their improvement over the baseline's run of the same seed."""
    reference = {run.seed: run.metrics for run in runs if run.balancer == baseline and run.finished}
    return [
        run.with_improvement(
            improvement(run.metrics, reference[run.seed], score) if run.finished and run.seed in reference else None
        )
        for run in runs
    ]


def summarise(runs: Sequence[Run], baseline: str, score: Mapping[str, str]) -> list[Standing]:
    """One line a balancer, best first; balancers that cannot be ranked come last.

    Args:
        runs: with their improvements; see `with_improvements`.
        baseline: the label that the others are compared with.
        score: metric name to `"max"` or `"min"`.
    """
    labels = list(dict.fromkeys(run.balancer for run in runs))
    gains = {label: estimate(_known(run.improvement for run in runs if run.balancer == label)) for label in labels}
    # The baseline against itself is 0 by definition, which is no measurement.
    if baseline in gains:
        gains[baseline] = Estimate(gains[baseline].mean, None, gains[baseline].count)
    order = sorted(
        (label for label in labels if gains[label].mean is not None), key=lambda label: -(gains[label].mean or 0.0)
    )
    rest = [label for label in labels if label not in order]
    ranks: dict[str, int | None] = {label: rank for rank, label in enumerate(order, start=1)}
    base_seconds = _seconds(runs, baseline)
    return [
        _standing(runs, label, ranks.get(label), gains[label], baseline, base_seconds, score) for label in order + rest
    ]


def _standing(
    runs: Sequence[Run],
    label: str,
    rank: int | None,
    gain: Estimate,
    baseline: str,
    base_seconds: float | None,
    score: Mapping[str, str],
) -> Standing:
    own = [run for run in runs if run.balancer == label]
    finished = [run for run in own if run.finished]
    seconds = _seconds(runs, label)
    changes = {name: _change(runs, label, baseline, name, score[name]) for name in score}
    word = verdict(label == baseline, len(finished), gain)
    return Standing(
        balancer=label,
        rank=rank,
        finished=len(finished),
        failed=len(own) - len(finished),
        improvement=gain,
        metrics={name: estimate(_known(run.metrics.get(name) for run in finished)) for name in score},
        changes=changes,
        seconds_per_step=seconds,
        slowdown=seconds / base_seconds if seconds and base_seconds else None,
        verdict=word,
        sentence=sentence(word, label, baseline, gain, changes, finished=len(finished), seeds=len(own)),
    )


def _change(runs: Sequence[Run], label: str, baseline: str, name: str, direction: str) -> Estimate:
    reference = {run.seed: run.metrics.get(name) for run in runs if run.balancer == baseline and run.finished}
    found = estimate(
        _known(
            relative_change(run.metrics.get(name), reference.get(run.seed), direction)
            for run in runs
            if run.balancer == label and run.finished
        )
    )
    return Estimate(found.mean, None, found.count) if label == baseline else found


def _seconds(runs: Sequence[Run], label: str) -> float | None:
    known = _known(run.seconds_per_step for run in runs if run.balancer == label)
    return statistics.median(known) if known else None


def _known(values: Any) -> list[float]:
    return [value for value in values if value is not None]
