"""Gradients that nearly depend on each other."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..._core.wording import names, number
from .._finding import Finding, check
from .._measurement import Measurement
from .._measurements import Measurements

# Beyond this, float32 gradients cannot tell the terms' directions apart.
WORST = 1e5
# Terms with less of the missing direction than this have no part in it.
_PART = 0.05


@check(gradients=True)
def conditioning(measurements: Measurements) -> Iterator[Finding]:
    """The normalised gradients span fewer directions than there are terms."""
    measured = measurements.measured
    assert measured is not None
    condition = measured.condition(normalised=True)
    if not condition > WORST:
        return
    involved = _involved(measured)
    yield Finding(
        "hint",
        "conditioning",
        involved,
        f"The gradients of {names(involved)} nearly depend on each other: the condition number of their cosines is "
        f"{number(condition)} or more.",
        "Balancers that solve for all of them at once (`nash_mtl`, `imtl_g`, `config`) may give large, nervous "
        "weights; `upgrad` and `mgda` bear it. Look whether two terms ask for the same thing.",
    )


def _involved(measured: Measurement) -> tuple[str, ...]:
    """The terms with a part in the direction that is nearly missing."""
    parts = np.zeros(len(measured.names))
    for cosines, (kept, _) in zip(measured.cosines(), measured.rows(), strict=True):
        if len(kept) > 1:
            _, vectors = np.linalg.eigh(cosines[np.ix_(kept, kept)])
            parts[kept] = np.maximum(parts[kept], np.abs(vectors[:, 0]))
    return tuple(name for name, part in zip(measured.names, parts, strict=True) if part > _PART)
