"""What would bring a term's gradient to the size of the others', tried on the measured gradients."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from keras import ops

from .._core.wording import number, percent, quoted, rounded
from ..aggregation import solve
from ..scales import Constant
from ._measurement import Measurement, nanmean, shares_of
from ._measurements import Measurements, Subject
from ._term_code import term_code

# A term with more than this part of the gradient leaves nothing to the others; one with less than this gets nothing.
DOMINANT, DROWNED = 0.95, 0.01
# A remedy must bring the term well inside.
_ROOM = 2.0
# Gives all terms gradients of one length, without negative weights or memory.
REBALANCING_BALANCER = "db_mtl"


@dataclass(frozen=True)
class Change:
    """A change with the term's share that it leads to, on the batches looked at.

    Attributes:
        code: what to write.
        share: the part of the gradient that the term would then have.
    """

    code: str
    share: float


def rebalancing_remedy(measurements: Measurements, indices: Sequence[int]) -> str:
    """A sentence that says what to do about terms whose gradient is too large or too small."""
    measured = _measured(measurements)
    weights = ", ".join(
        f"{quoted(measured.names[index])}: {_weight(measurements, indices, index):g}" for index in indices
    )
    changes = [f"`loss_weights={{{weights}}}`"]
    subject = measurements.subjects.get(measured.names[indices[0]])
    if len(indices) == 1 and subject is not None and (scaled := _scale(measurements, indices[0], subject)) is not None:
        where = "" if measurements.terms[subject.name].description is subject.term else " inside its constraint"
        changes.insert(
            0, f"a scale{where}, `{quoted(subject.name)}: {scaled.code}` (its part: about {percent(scaled.share)})"
        )
    if not measurements.balances and measured.balanced[list(indices)].all():
        shares = _rebalanced(measured)[list(indices)]
        if np.isfinite(shares).all() and shares.max() < DOMINANT:
            changes.append(
                f"a balancer that reads gradients, `balancer={quoted(REBALANCING_BALANCER)}` (its part: about "
                f"{percent(float(shares.mean()))})"
            )
    return f"Use {', or '.join(changes)}."


def _weight(measurements: Measurements, indices: Sequence[int], index: int) -> float:
    """The user's weight that gives the term the median length of the terms that are not in `indices`."""
    measured = _measured(measurements)
    lengths = np.where(measured.counted, measured.mean_lengths(), np.nan)
    others = np.delete(lengths, indices)
    factor = np.median(others[others > 0]) / lengths[index]
    return rounded(measurements.terms[measured.names[index]].weight.value * factor)


def _scale(measurements: Measurements, index: int, subject: Subject) -> Change | None:
    """The first scale that helps, by the kind of the loss."""
    if not _unscaled(subject):
        return None
    measured = _measured(measurements)
    raw = np.sqrt(np.diagonal(measured.gramian, axis1=1, axis2=2))[:, index]
    user = abs(measurements.terms[measured.names[index]].weight.value)
    lengths = np.where(measured.counted, measured.mean_lengths(), np.nan)
    for name, divisor in _divisors(measured, index, subject):
        lengths[index] = user * float(nanmean(np.where(measured.usable[:, index], raw, np.nan))) / divisor
        share = float(shares_of(lengths)[index])
        if _ROOM * DROWNED < share < 1.0 - _ROOM * (1.0 - DOMINANT):
            return Change(term_code(subject.term, scale=name), share)
    return None


def _divisors(measured: Measurement, index: int, subject: Subject) -> list[tuple[str, float]]:
    found = []
    labels = subject.targets.finite
    if labels.size and subject.kind.family == "squared":
        found.append((quoted("target_variance"), float(labels.var())))
    if labels.size and subject.kind.family == "absolute":
        found.append((quoted("target_range"), float(np.ptp(labels))))
    first = np.abs(measured.losses[measured.usable[:, index], index])
    if first.size:
        found.append((quoted("initial"), float(first[0])))
        # A squared error grows with the square of far targets, its gradient only with their size.
        found.append(("ml.scales.Initial(power=0.5)", float(np.sqrt(first[0]))))
    return [(name, divisor) for name, divisor in found if divisor > 0]


def _unscaled(subject: Subject) -> bool:
    return isinstance(subject.term.scale, Constant) and subject.term.scale.value == 1.0


def _rebalanced(measured: Measurement) -> np.ndarray:
    """The shares under the balancer that gives all terms gradients of one length."""
    lengths = np.where(measured.counted & ~measured.balanced, measured.lengths(), np.nan)
    for batch, (kept, gramian) in enumerate(measured.rows()):
        if len(kept):
            losses = np.abs(measured.losses[batch, kept])
            weights = np.asarray(ops.convert_to_numpy(solve(gramian, REBALANCING_BALANCER, losses=losses)))
            lengths[batch, kept] = np.abs(weights) * np.sqrt(np.diagonal(gramian))
    return shares_of(nanmean(lengths))


def ahead(measured: Measurement, index: int) -> str:
    """How much longer a term's gradient is than the next one's."""
    lengths = np.where(measured.counted, measured.mean_lengths(), np.nan)
    others = lengths.copy()
    others[index] = np.nan
    if not np.nanmax(others) > 0:
        return "the others have none"
    following = int(np.nanargmax(others))
    times = number(lengths[index] / lengths[following])
    return f"it is {times} times as long as that of `{measured.names[following]}`, the next"


def _measured(measurements: Measurements) -> Measurement:
    assert measurements.measured is not None
    return measurements.measured
