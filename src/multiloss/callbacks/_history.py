"""The values of several monitors over the epochs: who improved last, and which epoch is best."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


class MonitorHistory:
    """Monitors m = 1 ... M over the epochs that were judged.

    Args:
        directions: `"max"` or `"min"` for each monitor.
        deltas: the least change that counts, for each monitor.
    """

    def __init__(self, directions: Sequence[str], deltas: Sequence[float]):
        self.signs = np.array([1.0 if direction == "max" else -1.0 for direction in directions])
        self.deltas = np.array(deltas)
        self.epochs: list[int] = []
        self.values: list[np.ndarray] = []  # larger is better
        self._best = np.full(len(self.signs), -np.inf)
        self._waits = np.zeros(len(self.signs), int)

    def add(self, epoch: int, values: Sequence[float]) -> None:
        """Adds an epoch, with a value for each monitor."""
        signed = self.signs * np.asarray(values, "float64")
        signed = np.where(np.isnan(signed), -np.inf, signed)
        improved = signed > self._best + self.deltas
        self._best = np.where(improved, signed, self._best)
        # The first epoch is where waiting begins, whatever its values.
        self._waits = np.where(improved | (not self.epochs), 0, self._waits + 1)
        self.epochs.append(epoch)
        self.values.append(signed)

    def waits(self) -> list[int]:
        """For each monitor, the number of judged epochs since it improved."""
        return [int(wait) for wait in self._waits]

    def mean_ranks(self) -> np.ndarray:
        """R(e) for each epoch: 1 + the number of epochs that are better by more than the delta, mean over monitors."""
        values = np.stack(self.values)
        better = values[None, :, :] > values[:, None, :] + self.deltas
        return (1 + better.sum(axis=1)).mean(axis=1)

    def candidates(self) -> list[int]:
        """The epochs to which no other is preferable; of equal epochs the earliest.

        Only they can be the best, now or later: who is at least as good in every monitor never has a higher rank.
        """
        values = np.stack(self.values)
        at_least = (values[None, :, :] >= values[:, None, :]).all(axis=2)  # [e, f]: f is at least as good as e
        better = (values[None, :, :] > values[:, None, :]).any(axis=2)
        earlier = np.tri(len(values), k=-1, dtype=bool)
        beaten: list[bool] = np.any(at_least & (better | earlier), axis=1).tolist()
        return [epoch for epoch, lost in zip(self.epochs, beaten, strict=True) if not lost]

    def best(self) -> int:
        """The candidate with the lowest mean rank; of equal ones the earliest."""
        ranks = dict(zip(self.epochs, self.mean_ranks(), strict=True))
        return min(self.candidates(), key=lambda epoch: (ranks[epoch], epoch))

    def since_best(self) -> int:
        """The number of judged epochs after the best one."""
        return len(self.epochs) - 1 - self.epochs.index(self.best())
