"""What a comparison reports while it runs."""

from __future__ import annotations

from dataclasses import dataclass

from ..runs import Run


@dataclass(frozen=True)
class CompareProgress:
    """Where a comparison stands.

    Attributes:
        balancer: the label of the current run; empty where a note is about the whole comparison.
        seed: its seed.
        run: its place, from 1; trials of fixed weights count as runs.
        num_runs: how many there are.
        done: the part of this run that is done, from 0 to 1.
        result: the run, once it has ended.
        stored: the result was taken from the folder, not trained now.
        note: a line about the whole comparison: what it will cost, or what it goes on without.
    """

    balancer: str
    seed: int
    run: int
    num_runs: int
    done: float = 0.0
    result: Run | None = None
    stored: bool = False
    note: str | None = None

    @property
    def is_news(self) -> bool:
        """Whether it is worth a line of its own: a note, or the end of a run."""
        return self.note is not None or self.result is not None

    def __str__(self) -> str:
        """One line for a person."""
        if self.note is not None:
            return self.note
        where = f"[{self.run}/{self.num_runs}] {self.balancer}, seed {self.seed}"
        if self.result is None:
            return f"{where}: {self.done:.0%} done"
        if self.result.error is not None:
            return f"{where}: failed: {self.result.error}"
        if self.stored:
            return f"{where}: taken from an earlier run"
        why = f" (trained anew: {self.result.anew})" if self.result.anew else ""
        return f"{where}: {self.result.seconds or 0.0:.1f} s{why}"
