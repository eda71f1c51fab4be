"""One term gives nearly all of the gradient, or a term gives next to nothing."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from .._evidence import Evidence
from .._finding import Finding, check
from .._levelling import DOMINANT, DROWNED, ahead, level
from .._wording import percent


@check(gradients=True)
def dominance(evidence: Evidence) -> Iterator[Finding]:
    """One term drowns the others; or, where none does, single terms are drowned."""
    measured = evidence.measured
    assert measured is not None
    shares = measured.shares()
    if np.isfinite(shares).sum() < 2:
        return
    # A balancer is chosen to fix this; a person should still know what it has to do.
    severity, before = ("hint", ", before the balancer acts") if evidence.balances else ("warning", "")
    place = "at the shared layers" if measured.shared else "of all layers together"
    largest = int(np.nanargmax(shares))
    name = measured.names[largest]
    if shares[largest] >= DOMINANT:
        yield Finding(
            severity,
            "dominance",
            (name,),
            f"`{name}` gives {percent(shares[largest])} of the gradient {place}{before}: {ahead(measured, largest)}.",
            level(evidence, [largest]),
        )
        return
    small = [int(index) for index in np.flatnonzero(measured.balanced & (shares > 0) & (shares < DROWNED))]
    if small:
        listed = ", ".join(f"`{measured.names[index]}` {percent(shares[index])}" for index in small)
        yield Finding(
            severity,
            "drowned",
            tuple(measured.names[index] for index in small),
            f"Some terms give next to nothing of the gradient {place}{before}, and hardly teach the layers anything: "
            f"{listed}. The largest is `{name}` with {percent(shares[largest])}.",
            level(evidence, small),
        )
