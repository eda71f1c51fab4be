"""What a search reports while it runs."""

from __future__ import annotations

from dataclasses import dataclass

from ..._core.wording import counted
from ..fingerprints import Fingerprint
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
        note: a line about the whole search.
    """

    done: int
    trials: int
    trial: int | None
    epoch: int
    epochs: int
    result: TrialRecord | None = None
    best: float | None = None
    note: str | None = None

    @property
    def is_news(self) -> bool:
        """Whether it is worth a line: a note, or a trial that has ended."""
        return self.note is not None or self.result is not None

    def __str__(self) -> str:
        """One line for a person."""
        if self.note is not None:
            return self.note
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


def earlier_trials(count: int, depends: Fingerprint) -> list[str]:
    """What a person should know of the trials of other calls, in sentences.

    Args:
        count: how many had a result before this call.
        depends: what trials depend on.
    """
    notes = []
    if count:
        verb = "was" if count == 1 else "were"
        notes.append(f"{counted(count, 'trial')} {verb} taken from an earlier call on this study.")
    if depends.unread:
        notes.append(f"No other call can go on with these trials, since {depends.why_not_known}")
    return notes
