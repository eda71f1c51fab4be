"""Losses that do not fit the activation of their output, and targets that it cannot reach."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..._core.wording import number, percent
from .._finding import Finding, check
from .._loss_code import loss_of_logits
from .._measurements import Measurements, Subject

# Probabilities may miss 0, 1 and their sum by rounding (half precision included).
_ROUNDING = 5e-3
# Targets may lie outside of what can be reached by this part of their range: labels are noisy.
_OUTSIDE = 0.01
# From so few numbers nothing can be concluded.
_FEW = 16


@check()
def logits_as_probabilities(measurements: Measurements) -> Iterator[Finding]:
    """A loss that expects probabilities gets something else."""
    for name, subject in measurements.subjects.items():
        kind, output = subject.kind, subject.output
        values = output.finite
        if not kind.of_probabilities or kind.from_logits or not values.size:
            continue
        needed = "softmax" if kind.of_classes else "sigmoid"
        told = loss_of_logits(subject.term.function.identifier, kind.family)
        outside = float(((values < -_ROUNDING) | (values > 1 + _ROUNDING)).mean())
        if outside:
            yield Finding(
                "error",
                "logits as probabilities",
                (name,),
                f"`{kind.name}` of `{name}` expects probabilities, but {percent(outside)} of the predictions of "
                f"{output.described} lie outside 0 to 1 (from {number(values.min())} to {number(values.max())}).",
                f'End the output with `activation="{needed}"`'
                + (f", or tell the loss that it gets logits: `{told}`." if told else "."),
            )
        elif kind.of_classes and output.predictions.shape[-1] > 1 and output.activation != "softmax":
            sums = output.predictions.sum(axis=-1, dtype="float64")
            if not np.allclose(sums, 1.0, atol=_ROUNDING):
                yield Finding(
                    "warning",
                    "no distribution",
                    (name,),
                    f"`{kind.name}` of `{name}` expects rows that add up to 1, but those of {output.described} add up "
                    f"to {number(sums.min())} to {number(sums.max())}.",
                    'End the output with `activation="softmax"`; with `"sigmoid"` and several classes a sample, use '
                    '`"binary_crossentropy"`.',
                )


@check()
def probabilities_as_logits(measurements: Measurements) -> Iterator[Finding]:
    """A loss that applies a softmax or sigmoid itself gets what has been through one already."""
    for name, subject in measurements.subjects.items():
        kind, output = subject.kind, subject.output
        if not kind.from_logits or not _looks_squashed(subject):
            continue
        yield Finding(
            "error",
            "probabilities as logits",
            (name,),
            f"`{kind.name}` of `{name}` has `from_logits=True`, but the predictions of {output.described} are "
            "probabilities already: squashed twice, they can never become certain, and the gradient is weak.",
            "Take the activation away from the output, or write `from_logits=False`.",
        )


@check()
def out_of_reach(measurements: Measurements) -> Iterator[Finding]:
    """Numbers that the last activation cannot give."""
    for name, subject in measurements.subjects.items():
        labels = subject.targets.finite
        low, high = subject.output.reachable
        if not subject.kind.of_numbers or not labels.size:
            continue
        room = _OUTSIDE * max(float(np.ptp(labels)), 1e-12)
        below, above = float((labels < low - room).mean()), float((labels > high + room).mean())
        if not below and not above:
            continue
        yield Finding(
            "error",
            "out of reach",
            (name,),
            f"The output {subject.output.described} gives values from {number(low)} to {number(high)}, but "
            f"{percent(below + above)} of the targets of `{name}` lie outside (from {number(labels.min())} to "
            f"{number(labels.max())}): it can never predict them.",
            "Take the activation away (`activation=None`), or bring the targets into the range, or follow it with "
            "`keras.layers.Rescaling`.",
        )


def _looks_squashed(subject: Subject) -> bool:
    activation, predictions = subject.output.activation, subject.output.predictions
    if activation:
        return activation in ("softmax", "sigmoid", "hard_sigmoid", "sparsemax")
    values = subject.output.finite
    # An output without a known activation: only a softmax gives rows of 0 to 1 that all add up to 1.
    if values.size < _FEW or predictions.shape[-1] < 2 or values.min() < 0 or values.max() > 1:
        return False
    return bool(np.allclose(predictions.sum(axis=-1, dtype="float64"), 1.0, atol=_ROUNDING))
