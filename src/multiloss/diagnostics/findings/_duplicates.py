"""The same term twice."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..._core.wording import names, number
from .._finding import Finding, check
from .._measurements import Measurements

_SAME = 1e-4


@check(gradients=True)
def duplicates(measurements: Measurements) -> Iterator[Finding]:
    """Two terms whose losses are proportional in every batch, and whose gradients are parallel."""
    measured = measurements.measured
    assert measured is not None
    cosines = measured.cosines()
    for first, second in zip(*np.triu_indices(len(measured.names), 1), strict=True):
        both = measured.usable[:, first] & measured.usable[:, second]
        parallel = np.abs(cosines[both, first, second])
        # One batch cannot tell a constant factor from any other.
        if both.sum() < 2 or not (parallel > 1.0 - _SAME).all():
            continue
        ratios = measured.losses[both, first] / measured.losses[both, second]
        if not np.isfinite(ratios).all() or np.ptp(ratios) > _SAME * abs(ratios[0]):
            continue
        pair = (measured.names[first], measured.names[second])
        factor = "are the same number" if abs(ratios[0] - 1.0) < _SAME else f"differ by the factor {number(ratios[0])}"
        yield Finding(
            "warning",
            "duplicate",
            pair,
            f"{names(pair)} measure the same: their losses {factor} in every batch, and their gradients are parallel.",
            f"Leave one of them out and give the other a larger weight; a balancer would count `{pair[1]}` twice.",
        )
