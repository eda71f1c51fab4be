"""Logs over epochs, drawn together over the seeds."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ._run import Run


@dataclass(frozen=True)
class Curve:
    """One log of one balancer; entry e is the end of epoch e + 1.

    Attributes:
        mean: mean over the seeds, in the log's own unit; None where no seed has a finite value.
        low: the smallest seed's value.
        high: the largest seed's value.
    """

    mean: list[float | None]
    low: list[float | None]
    high: list[float | None]


def term_names(runs: Sequence[Run]) -> list[str]:
    """The terms in the logs, in the order of the logs: those with both a `_loss` and a `_weight`."""
    names: dict[str, None] = {}
    for run in runs:
        for key in run.history:
            term = key.removesuffix("_loss")
            if term != key and not key.startswith("val_") and f"{term}_weight" in run.history:
                names[term] = None
    return list(names)


def curve(runs: Sequence[Run], balancer: str, log: str) -> Curve | None:
    """The log of a balancer over its runs; failed runs take part with the epochs that they reached.

    Returns:
        None when no run of the balancer has the log.
    """
    histories = [run.history[log] for run in runs if run.balancer == balancer and run.history.get(log)]
    if not histories:
        return None
    columns = [
        [history[epoch] for history in histories if epoch < len(history)]
        for epoch in range(max(len(history) for history in histories))
    ]
    known = [[value for value in column if value is not None] for column in columns]
    return Curve(
        mean=[statistics.fmean(column) if column else None for column in known],
        low=[min(column, default=None) for column in known],
        high=[max(column, default=None) for column in known],
    )


def share(runs: Sequence[Run], balancer: str, term: str) -> list[float | None]:
    """A term's part in the training loss: |w l| over the sum of |w l| of all terms, mean over the seeds.

    Args:
        runs: all runs.
        balancer: whose runs.
        term: whose part.

    Returns:
        One number in [0, 1] an epoch, from the epoch means of weight and loss; None where they are not known.
    """
    terms = term_names(runs)
    histories = [run.history for run in runs if run.balancer == balancer and run.history.get(f"{term}_loss")]
    length = max((len(history[f"{term}_loss"]) for history in histories), default=0)
    parts: list[list[float]] = [[] for _ in range(length)]
    for history in histories:
        for epoch in range(len(history[f"{term}_loss"])):
            sizes = {name: _size(history, name, epoch) for name in terms}
            total = sum(size for size in sizes.values() if size is not None)
            if (own := sizes[term]) is not None and total > 0.0:
                parts[epoch].append(own / total)
    return [statistics.fmean(column) if column else None for column in parts]


def _size(history: Mapping[str, list[float | None]], term: str, epoch: int) -> float | None:
    values = [history.get(f"{term}_{part}", [])[epoch : epoch + 1] for part in ("loss", "weight")]
    if not all(values) or values[0][0] is None or values[1][0] is None:
        return None
    return abs(values[0][0] * values[1][0])


def still_falling(runs: Sequence[Run]) -> bool:
    """Whether more than half of the finished runs had their lowest `val_loss` in their last epoch."""
    histories = [[value for value in run.history.get("val_loss", []) if value is not None] for run in runs]
    histories = [history for history in histories if len(history) > 1]
    return sum(history[-1] == min(history) for history in histories) * 2 > len(histories)
