"""Terms that pull against each other."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from keras import ops

from ..._core.wording import counted, names, percent
from ...aggregation import solve
from .._finding import Finding, check
from .._measurement import Measurement, nanmean
from .._measurements import Measurements
from .._rebalancing import DOMINANT

# A mean cosine below the first, negative in that part of the batches: a conflict that stays.
STRONG, OFTEN = -0.3, 0.75
# Fewer batches do not make a habit.
LEAST = 4
CONFLICT_FREE = "upgrad"
# So many pairs are named.
_NAMED = 3


@check(gradients=True)
def conflict(measurements: Measurements) -> Iterator[Finding]:
    """Pairs whose gradients point apart in most batches; a warning where training has begun and a term suffers."""
    measured = measurements.measured
    assert measured is not None
    pairs = _pairs(measured)
    if not pairs or len(measured.losses) < LEAST:
        return
    suffering = nanmean(measured.worsened())
    losers = sorted({index for pair in pairs for index in pair if suffering[index] >= OFTEN})
    shares = measured.shares()
    # Where one term drowns the others, the sum goes its way: that is the finding then.
    drowning = np.isfinite(shares).any() and np.nanmax(shares) >= DOMINANT
    severe = bool(losers) and measurements.begun and not drowning and not measurements.balances
    yield Finding(
        "warning" if severe else "hint",
        "conflict",
        tuple(measured.names[index] for index in sorted({index for pair in pairs for index in pair})),
        f"{_listed(measured, pairs)} pull against each other in nearly every batch."
        f"{_harm(measured, losers, suffering)}",
        _remedy(measurements, measured),
    )


def _pairs(measured: Measurement) -> list[tuple[int, int]]:
    """The pairs in conflict, the strongest first."""
    cosines, often = measured.mean_cosines(), measured.conflicts()
    found = [
        (int(first), int(second))
        for first, second in zip(*np.triu_indices(len(measured.names), 1), strict=True)
        if measured.balanced[first] and measured.balanced[second]
        if cosines[first, second] <= STRONG and often[first, second] >= OFTEN
    ]
    return sorted(found, key=lambda pair: cosines[pair])


def _listed(measured: Measurement, pairs: list[tuple[int, int]]) -> str:
    cosines = measured.mean_cosines()
    shown = [
        f"`{measured.names[first]}` and `{measured.names[second]}` (mean cosine {cosines[first, second]:.2f})"
        for first, second in pairs[:_NAMED]
    ]
    rest = len(pairs) - len(shown)
    return "; ".join(shown) + (f"; and {counted(rest, 'more pair')}" if rest else "")


def _harm(measured: Measurement, losers: list[int], suffering: np.ndarray) -> str:
    if not losers:
        return ""
    least = float(suffering[losers].min())
    return (
        f" A step along the sum of all terms makes {names([measured.names[index] for index in losers])} worse, in "
        f"{percent(least)} of the batches{' or more' if len(losers) > 1 and least < 1.0 else ''}."
    )


def _remedy(measurements: Measurements, measured: Measurement) -> str:
    if measurements.balances:
        return ""
    remedy = (
        ""
        if measurements.begun
        else "In an untrained model that depends on the draw of its weights: look with another `seed`, or while it "
        "trains. "
    )
    if _free_of_conflict(measured):
        remedy += f'With `balancer="{CONFLICT_FREE}"` no step makes a term worse (tried on these batches). '
    return f"{remedy}Whether that pays on validation data, `multiloss compare --balancers fixed,{CONFLICT_FREE}` tells."


def _free_of_conflict(measured: Measurement) -> bool:
    """Whether the balancer's direction is against no term, in any batch, to rounding."""
    for kept, gramian in measured.rows():
        if len(kept) < 2:
            continue
        weights = np.asarray(ops.convert_to_numpy(solve(gramian, CONFLICT_FREE)), "float64")
        progress = gramian @ weights
        if (progress < -1e-3 * np.sqrt(np.diagonal(gramian) * (weights @ progress))).any():
            return False
    return True
