"""Outputs that say the same whatever goes in."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..._core.wording import number
from .._finding import Finding, check
from .._measurements import Measurements

_SAME = 1e-6


@check(gradients=True)
def dead_output(measurements: Measurements) -> Iterator[Finding]:
    """Every prediction is the same, over all samples."""
    for name, output in measurements.outputs.items():
        rows = output.predictions.reshape(len(output.predictions), -1).astype("float64")
        if len(rows) < 2 or not np.isfinite(rows).all():
            continue
        spread = float(rows.std(axis=0).max())
        if spread > _SAME * max(float(np.abs(rows).max()), 1e-30):
            continue
        terms = tuple(term for term, subject in measurements.subjects.items() if subject.output.name == name)
        constant = number(float(rows[0, 0])) if np.ptp(rows[0]) == 0 else "one row"
        yield Finding(
            "warning" if measurements.begun or not rows.any() else "hint",
            "constant output",
            terms,
            f"The output `{name}` gives the same for all {len(rows)} samples ({constant}): it does not depend on the "
            "inputs now.",
            'Before training that is right for a last layer that starts at zero (`kernel_initializer="zeros"`). '
            "Else look for a dead ReLU, a saturated activation, or inputs that do not get through to it.",
        )
