"""The remedy for targets far from where the model starts, and what the gradients are with it applied."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from .._core.wording import rounded
from ..terms import Constraint, Description
from ._measurements import Measurements, Subject
from ._targets import term_of

# Targets this many times larger than anything the model predicts at its start, and larger than this, are far away:
# an optimizer moves a bias by about its learning rate a step.
TIMES, LARGE = 20.0, 20.0


@dataclasses.dataclass(frozen=True)
class Rescaling:
    """`keras.layers.Rescaling` at the end of an output: scale * prediction + offset, in the targets' units."""

    scale: float
    offset: float


def is_far(subject: Subject) -> bool:
    """Whether a term's targets are numbers far from what the model predicts now."""
    labels, predictions = subject.targets.finite, subject.output.finite
    if not subject.kind.of_numbers or not predictions.size or not labels.size or np.ptp(labels) == 0:
        return False
    return size(labels) >= max(LARGE, TIMES * size(predictions))


def rescaling_of(subject: Subject) -> Rescaling | None:
    """What the output should end with; None where the term reads some of its columns only."""
    labels = subject.targets.finite
    if subject.term.column is not None:
        return None
    return Rescaling(rounded(float(labels.std()), 3), rounded(float(labels.mean()), 3))


def wanted_rescalings(measurements: Measurements) -> dict[str, Rescaling]:
    """The remedies for far targets by output; the first term of an output decides."""
    found: dict[str, Rescaling] = {}
    for subject in measurements.subjects.values():
        if is_far(subject) and (wanted := rescaling_of(subject)) is not None:
            found.setdefault(subject.output.name, wanted)
    return found


def rescaled(measurements: Measurements) -> Measurements | None:
    """The same with the remedies for far targets applied, measured on the same batches; None where there are none."""
    wanted = wanted_rescalings(measurements)
    if not wanted or measurements.measure is None:
        return None
    return dataclasses.replace(measurements, measured=measurements.measure(rescaled_terms(measurements, wanted)))


def rescaled_terms(measurements: Measurements, wanted: Mapping[str, Rescaling]) -> dict[str, Description]:
    """The terms that read rescaled outputs, as they would see them."""
    found: dict[str, Description] = {}
    for name, bound in measurements.terms.items():
        term = term_of(bound.description)
        if term is None or (change := wanted.get(str(term.output))) is None:
            continue
        seen = dataclasses.replace(term, loss=_behind(term.function, change), reduction=term.reads_as.reduction)
        outer = bound.description
        found[name] = dataclasses.replace(outer, term=seen) if isinstance(outer, Constraint) else seen
    return found


def size(values: np.ndarray) -> float:
    """The typical size: the root of the mean square."""
    return float(np.sqrt(np.mean(np.square(values, dtype="float64"))))


def _behind(function: Callable[[Any, Any], Any], change: Rescaling) -> Callable[[Any, Any], Any]:
    def loss(y_true: Any, y_pred: Any) -> Any:
        return function(y_true, change.scale * y_pred + change.offset).values

    return loss
