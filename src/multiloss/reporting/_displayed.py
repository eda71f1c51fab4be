"""Which contenders a picture displays: with more than there are colours, two would look alike."""

from __future__ import annotations

from dataclasses import replace

from ..experiments import Comparison
from ._theme import LIGHT

# Beside the baseline, which has a colour of its own.
MOST = len(LIGHT.balancers)


def is_crowded(comparison: Comparison) -> bool:
    """Whether there are more contenders than colours."""
    return len(comparison.balancers) > MOST + 1


def the_best(comparison: Comparison) -> Comparison:
    """The comparison with the baseline and as many of the best as there are colours, in the order of the runs."""
    if not is_crowded(comparison):
        return comparison
    others = [standing.balancer for standing in comparison.summary if standing.balancer != comparison.baseline]
    kept = {comparison.baseline, *others[:MOST]}
    samples = comparison.samples
    if samples is not None:
        predictions = {name: arrays for name, arrays in samples.predictions.items() if name in kept}
        samples = replace(samples, predictions=predictions)
    return replace(comparison, runs=[run for run in comparison.runs if run.balancer in kept], samples=samples)


def remark(comparison: Comparison) -> str:
    """What a caption adds where not all are displayed."""
    if not is_crowded(comparison):
        return ""
    return f" Shown are {comparison.baseline} and the {MOST} best of the other {len(comparison.balancers) - 1}."
