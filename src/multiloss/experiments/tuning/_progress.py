"""What a search reports while it runs."""

from __future__ import annotations

from dataclasses import dataclass

from ._record import TrialRecord


@dataclass(frozen=True)
class TuningProgress:
    """Where a search stands.

    Attributes:
        done: trials with a result.
        trials: how many there shall be.
        trial: the number of the one that is trained now; None while others are waited for.
        epoch: epochs done in it.
        epochs: epochs of a trial.
        result: a trial that has just ended.
        best: the best value so far; None before there is one, and in a Pareto search.
    """

    done: int
    trials: int
    trial: int | None
    epoch: int
    epochs: int
    result: TrialRecord | None = None
    best: float | None = None

    @property
    def is_news(self) -> bool:
        """Whether it is worth a line: a trial has ended."""
        return self.result is not None

    def __str__(self) -> str:
        """One line for a person."""
        if self.result is None:
            return f"[{self.done}/{self.trials}] trial {self.trial}: epoch {self.epoch}/{self.epochs}"
        found = self.result
        where = f"[{self.done}/{self.trials}] trial {found.number} ({found.role})"
        if found.state == "failed":
            return f"{where}: failed: {found.error}"
        if found.state == "pruned":
            return f"{where}: stopped after epoch {found.epochs}: worse than the others"
        values = ", ".join(f"{value:.4g}" for value in found.values)
        best = "" if self.best is None else f" (best {self.best:.4g})"
        return f"{where}: {values}{best}, {found.seconds:.1f} s"
