"""One term gives nearly all of the gradient, or a term gives next to nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from ..._core.wording import percent
from .._finding import Finding, check
from .._measurement import Measurement
from .._measurements import Measurements
from .._rebalancing import DOMINANT, DROWNED, ahead, rebalancing_remedy
from .._rescaling import rescaled


@check(gradients=True)
def dominance(measurements: Measurements) -> Iterator[Finding]:
    """One term drowns the others; or, where none does, single terms are drowned."""
    measured = measurements.measured
    assert measured is not None
    unequal = _unequal(measured)
    if not unequal:
        return
    # A balancer is chosen to correct this; a person should still know what it has to do.
    severity, before = ("hint", ", before the balancer acts") if measurements.balances else ("warning", "")
    place = "at the shared layers" if measured.shared else "of all layers together"
    shares = measured.shares()
    largest = int(np.nanargmax(shares))
    name = measured.names[largest]
    if unequal == [largest]:
        yield Finding(
            severity,
            "dominance",
            (name,),
            f"`{name}` gives {percent(shares[largest])} of the gradient {place}{before}: {ahead(measured, largest)}.",
            _remedy(measurements, unequal),
        )
        return
    yield Finding(
        severity,
        "drowned",
        tuple(measured.names[index] for index in unequal),
        f"Some terms give next to nothing of the gradient {place}{before}, and hardly teach the layers anything: "
        f"{_parts(measured, unequal)}. The largest is `{name}` with {percent(shares[largest])}.",
        _remedy(measurements, unequal),
    )


def _unequal(measured: Measurement) -> list[int]:
    """The term that drowns all others; or else those that are drowned."""
    shares = measured.shares()
    if np.isfinite(shares).sum() < 2:
        return []
    largest = int(np.nanargmax(shares))
    if shares[largest] >= DOMINANT:
        return [largest]
    return [int(index) for index in np.flatnonzero(measured.balanced & (shares > 0) & (shares < DROWNED))]


def _remedy(measurements: Measurements, unequal: Sequence[int]) -> str:
    """What to do, measured with the remedies for far targets applied: these come first, and change all gradients."""
    after = rescaled(measurements)
    if after is None or after.measured is None:
        return rebalancing_remedy(measurements, unequal)
    first = "First rescale the outputs that are far from their targets"
    left = _unequal(after.measured)
    if not left:
        return f"{first}: that is enough, it leaves {_parts(after.measured, range(len(after.measured.names)))}."
    then = rebalancing_remedy(after, left)
    return f"{first}, which leaves {_parts(after.measured, left)}. Then {then[0].lower()}{then[1:]}"


def _parts(measured: Measurement, indices: Sequence[int]) -> str:
    shares = measured.shares()
    return ", ".join(f"`{measured.names[index]}` {percent(shares[index])}" for index in indices)
