"""What the runs say of each contender: means, intervals, ranks, and a verdict in words."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ...problems import Score
from ..runs import Run
from ..statistics import (
    Estimate,
    Evidence,
    estimate,
    holm,
    improvement,
    mean_ranks,
    overlap,
    p_value,
    quartiles,
    seeds_needed,
    sentence,
    verdict,
)
from ._contender_summary import ContenderSummary


def with_improvements(runs: Sequence[Run], baseline: str, score: Mapping[str, Score]) -> list[Run]:
    """The runs with their improvement over the baseline's run of the same seed."""
    reference = {run.seed: run.metrics for run in runs if run.balancer == baseline and run.finished}
    return [
        run.with_improvement(
            improvement(run.metrics, reference[run.seed], score) if run.finished and run.seed in reference else None
        )
        for run in runs
    ]


def summarise(runs: Sequence[Run], baseline: str, score: Mapping[str, Score]) -> list[ContenderSummary]:
    """One line a contender, best first; those that cannot be ranked come last.

    Args:
        runs: with their improvements; see `with_improvements`.
        baseline: the label that the others are compared with.
        score: metric name to `Score`.
    """
    labels = list(dict.fromkeys(run.balancer for run in runs))
    improvements = {label: _known(run.improvement for run in runs if run.balancer == label) for label in labels}
    gains = {label: estimate(values) for label, values in improvements.items()}
    if baseline in gains:
        gains[baseline] = gains[baseline].without_interval()
    adjusted = holm({label: p_value(values) for label, values in improvements.items() if label != baseline})
    ranked = sorted((label for label in labels if gains[label].mean is not None), key=lambda name: -_mean(gains[name]))
    order = ranked + [label for label in labels if label not in ranked]
    ranks = mean_ranks(runs, score)
    base = [run for run in runs if run.balancer == baseline]
    seconds, middle = _median(run.seconds_per_step for run in base), quartiles(_steps(base))
    comparisons = sum(p is not None for p in adjusted.values())
    entries = []
    for label in order:
        own = [run for run in runs if run.balancer == label]
        changes = {name: _change(runs, label, baseline, name, score[name]) for name in score}
        finished = [run for run in own if run.finished]
        needed = None if label == baseline else seeds_needed(improvements[label], comparisons)
        evidence = Evidence(
            label, baseline, gains[label], adjusted.get(label), comparisons, changes, len(finished), len(own), needed
        )
        own_seconds, own_middle = _median(run.seconds_per_step for run in own), quartiles(_steps(own))
        comparable = label != baseline and own_seconds and seconds and not overlap(own_middle, middle)
        entries.append(
            ContenderSummary(
                balancer=label,
                rank=ranked.index(label) + 1 if label in ranked else None,
                mean_rank=ranks.get(label),
                finished=len(finished),
                failed=len(own) - len(finished),
                improvement=gains[label],
                p_value=adjusted.get(label),
                seeds_needed=needed,
                metrics={name: estimate(_known(run.metrics.get(name) for run in finished)) for name in score},
                changes=changes,
                seconds_per_step=own_seconds,
                middle_steps=own_middle,
                slowdown=own_seconds / seconds if comparable and own_seconds and seconds else None,
                steps=estimate(_known(run.steps for run in finished)).mean,
                balancing_bytes=max(
                    (run.balancing_bytes for run in own if run.balancing_bytes is not None), default=None
                ),
                verdict=verdict(evidence),
                sentence=sentence(evidence),
            )
        )
    return entries


def _change(runs: Sequence[Run], label: str, baseline: str, name: str, score: Score) -> Estimate:
    reference = {run.seed: run.metrics.get(name) for run in runs if run.balancer == baseline and run.finished}
    found = estimate(
        _known(
            score.change(run.metrics.get(name), reference.get(run.seed))
            for run in runs
            if run.balancer == label and run.finished
        )
    )
    return found.without_interval() if label == baseline else found


def _steps(runs: Sequence[Run]) -> list[float]:
    """Every time of a step that was measured."""
    return [seconds for run in runs for seconds in run.mean_steps or _known([run.seconds_per_step])]


def _mean(found: Estimate) -> float:
    return found.mean or 0.0


def _median(values: Iterable[float | None]) -> float | None:
    known = _known(values)
    return statistics.median(known) if known else None


def _known(values: Iterable[Any]) -> list[Any]:
    return [value for value in values if value is not None]
