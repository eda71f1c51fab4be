"""Targets of a boundary loss that are no signed distances."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..._core.wording import number
from ...losses import Boundary
from ...losses import get as find_loss
from .._finding import Finding, check
from .._measurements import Measurements, Subject


@check()
def raw_masks(measurements: Measurements) -> Iterator[Finding]:
    """Masks, or distances without a sign, where the inside of an object should be negative."""
    for name, subject in measurements.subjects.items():
        labels = subject.targets.finite
        if (
            not isinstance(find_loss(subject.term.function.identifier), Boundary)
            or not labels.any()
            or labels.min() < 0
        ):
            continue
        mask = len(np.unique(labels)) <= 2
        yield Finding(
            "error" if mask else "warning",
            "no signed distances",
            (name,),
            f"The targets of `{name}` run from {number(labels.min())} to {number(labels.max())} "
            f"{subject.targets.where}, {'like a mask' if mask else 'without a negative one'}, while "
            f"`{subject.kind.name}` expects signed distances, negative inside the objects: it trains towards an empty "
            "mask.",
            _remedy(subject),
        )


def _remedy(subject: Subject) -> str:
    key = subject.term.target or subject.term.output
    return f'Give `ml.losses.distance_map(y["{key}"])` as targets, or use `ml.losses.add_distance_maps(data, "{key}")`.'
