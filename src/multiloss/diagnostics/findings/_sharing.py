"""Models in which the terms do not meet."""

from __future__ import annotations

from collections.abc import Iterator

from .._finding import Finding, check
from .._measurements import Measurements


@check(gradients=True)
def nothing_shared(measurements: Measurements) -> Iterator[Finding]:
    """No layer is connected to two balanced terms."""
    measured = measurements.measured
    assert measured is not None
    if measured.shared or measured.balanced.sum() < 2:
        return
    yield Finding(
        "hint",
        "nothing shared",
        (),
        "No layer is connected to two terms, so they do not get in each other's way; shares and cosines are over all "
        "layers.",
        "There is nothing to balance by gradients. Weights still matter to an optimizer that clips the global norm.",
    )
