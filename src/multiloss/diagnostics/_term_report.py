"""What a diagnosis says of one term."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ._measurement import Measurement, nanmean
from ._measurements import Measurements


@dataclass(frozen=True)
class TermReport:
    """One term's numbers; means over the batches in which it is present, NaN where there are none.

    Attributes:
        name: the term's name.
        reads: what it reads, in words.
        balanced: whether a balancer would weigh it.
        weight: the user's weight over the scale.
        loss: the raw loss.
        loss_spread: its standard deviation from batch to batch.
        contribution: its part of the weighted loss, |weight * loss| over the sum of all.
        gradient_norm: the length of the weighted gradient at the shared layers.
        gradient_share: its part of all such lengths.
        own_norm: the length of the raw gradient over all trainable variables.
        labelled: part of the samples with a label.
        present: part of the batches with a label, and a weight other than 0.
        worsened: part of the batches in which a step along the sum of all terms makes it worse.
        layers: the layers connected to it.
        targets: count, mean, deviation and range of its labels; empty for a term without targets.
    """

    name: str
    reads: str
    balanced: bool
    weight: float
    loss: float
    loss_spread: float
    contribution: float
    gradient_norm: float
    gradient_share: float
    own_norm: float
    labelled: float
    present: float
    worsened: float
    layers: tuple[str, ...]
    targets: Mapping[str, float] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {**self.__dict__, "layers": list(self.layers), "targets": dict(self.targets)}


def report_terms(measurements: Measurements) -> list[TermReport]:
    """One report for each term; without numbers where no batch could be evaluated."""
    found = []
    measured = measurements.measured
    for index, (name, bound) in enumerate(measurements.terms.items()):
        reads = bound.description.explain()[0] if bound.description else "regularisers and add_loss"
        subject = measurements.subjects.get(name)
        numbers = _numbers(measured, index) if measured else dict.fromkeys(_NUMBERS, float("nan"))
        layers = measured.connected[index] if measured else ()
        targets = subject.targets.summary() if subject else {}
        found.append(TermReport(name, reads, bound.balanced, **numbers, layers=layers, targets=targets))
    return found


def _numbers(measured: Measurement, index: int) -> dict[str, float]:
    usable = measured.usable[:, index]
    losses = np.where(usable, measured.losses[:, index], np.nan)
    numbers = {
        "weight": nanmean(np.where(measured.present[:, index], measured.weights[:, index], np.nan)),
        "loss": nanmean(losses),
        "loss_spread": np.sqrt(nanmean(np.square(losses - nanmean(losses)))),
        "contribution": measured.contributions()[index],
        "gradient_norm": measured.mean_lengths()[index],
        "gradient_share": measured.shares()[index],
        "own_norm": nanmean(np.where(usable, measured.norms[:, index], np.nan)),
        "labelled": measured.labelled[:, index].mean(),
        "present": measured.present[:, index].mean(),
        "worsened": nanmean(measured.worsened())[index],
    }
    return {key: float(value) for key, value in numbers.items()}


_NUMBERS = (
    "weight",
    "loss",
    "loss_spread",
    "contribution",
    "gradient_norm",
    "gradient_share",
    "own_norm",
    "labelled",
    "present",
    "worsened",
)
