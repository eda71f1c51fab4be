"""Targets that are numbers: constant, or far from where the model starts."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..._core.wording import number
from .._finding import Finding, check
from .._measurements import Measurements, Subject
from .._rescaling import TIMES, is_far, rescaling_of, size

# A spread below this part of the mean: the model first has to learn the mean.
_NARROW = 0.05


@check()
def constant_target(measurements: Measurements) -> Iterator[Finding]:
    """Every label is the same."""
    for name, subject in measurements.subjects.items():
        labels = subject.targets.finite
        if labels.size < 2 or np.ptp(labels) > 0 or not subject.targets.whole:
            continue
        yield Finding(
            "warning",
            "constant target",
            (name,),
            f"Every target of `{name}` is {number(labels[0])} {subject.targets.where} ({labels.size} labels): there is "
            "nothing to learn from the inputs.",
            "Look at how the targets are made; where it is right, leave the term out.",
        )


@check()
def far_start(measurements: Measurements) -> Iterator[Finding]:
    """Predictions that start far larger than any target."""
    for name, subject in measurements.subjects.items():
        if not subject.kind.of_numbers or not subject.output.finite.size or not subject.targets.finite.size:
            continue
        labels, predictions = subject.targets.finite, subject.output.finite
        if (
            measurements.begun
            or not labels.any()
            or size(predictions) < TIMES * max(size(labels), float(np.abs(labels).max()) / 5.0)
        ):
            continue
        yield Finding(
            "warning",
            "far start",
            (name,),
            f"The model's predictions for `{name}` begin at {number(float(predictions.mean()))} ± "
            f"{number(float(predictions.std()))}, far outside of its targets ({number(labels.min())} to "
            f"{number(labels.max())}): it first has to unlearn that.",
            "Scale the inputs to about 1 (`keras.layers.Normalization()`), or start the last layer smaller.",
        )


@check()
def far_target(measurements: Measurements) -> Iterator[Finding]:
    """Numbers far from what the untrained model predicts."""
    for name, subject in measurements.subjects.items():
        if not is_far(subject):
            continue
        labels, predictions = subject.targets.finite, subject.output.finite
        mean, spread = float(labels.mean()), float(labels.std())
        narrow = spread < _NARROW * abs(mean)
        yield Finding(
            "warning",
            "far target",
            (name,),
            f"The targets of `{name}` are {number(mean)} ± {number(spread)} (from {number(labels.min())} to "
            f"{number(labels.max())}), while the model's predictions are {number(float(predictions.mean()))} ± "
            f"{number(float(predictions.std()))} now: it would take thousands of steps to get there"
            + (", and the spread that matters is small beside the mean." if narrow else "."),
            _rescale(subject),
        )


def _rescale(subject: Subject) -> str:
    change = rescaling_of(subject)
    if change is None:
        return "Train on (target − mean) ÷ deviation, and run the diagnosis again."
    return (
        f"End the output `{subject.output.name}` with `keras.layers.Rescaling(scale={change.scale}, "
        f"offset={change.offset})`, without an activation before it, so that it starts where the targets are; or "
        "train on (target − mean) ÷ deviation instead, and run the diagnosis again."
    )
