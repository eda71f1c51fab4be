"""What a comparison tells while it runs."""

from __future__ import annotations

from dataclasses import dataclass

from ._run import Run


@dataclass(frozen=True)
class Progress:
    """Where a comparison stands.

    Attributes:
        balancer: the label of the current run.
        seed: its seed.
        run: its place, from 1.
        num_runs: how many there are.
        epoch: epochs done in this run.
        epochs: epochs of a run.
        result: the run, once it has ended.
        stored: the result was taken from the folder, not trained now.
    """

    balancer: str
    seed: int
    run: int
    num_runs: int
    epoch: int
    epochs: int
    result: Run | None = None
    stored: bool = False

    def __str__(self) -> str:
        """One line for a person."""
        where = f"[{self.run}/{self.num_runs}] {self.balancer}, seed {self.seed}"
        if self.result is None:
            return f"{where}: epoch {self.epoch}/{self.epochs}"
        if self.result.error is not None:
            return f"{where}: failed: {self.result.error}"
        return f"{where}: {'taken from an earlier run' if self.stored else f'{self.result.seconds or 0.0:.1f} s'}"
