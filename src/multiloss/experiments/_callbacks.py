"""What a comparison watches while a model trains."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from typing import Any

import keras

from .._core.errors import unknown_name

# With a single epoch, the steps at its start that hold the compilation.
_COMPILING_STEPS = 3


class StepClock(keras.callbacks.Callback):
    """Measures the seconds of a training step.

    Keras waits for the step's result before it calls a callback that is not marked asynchronous, so the time from
    begin to end holds the whole step. The first epoch compiles and is left out; with one epoch alone, its first steps
    are.
    """

    def __init__(self) -> None:
        super().__init__()
        self.epochs: list[list[float]] = []
        self._begin = 0.0
        self._first = 0

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Starts a new list."""
        self.epochs.append([])

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Starts the clock."""
        self._first = batch
        self._begin = time.perf_counter()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Stops the clock; with `steps_per_execution` several steps share the time."""
        self.epochs[-1].append((time.perf_counter() - self._begin) / (batch - self._first + 1))

    def seconds_per_step(self) -> float | None:
        """The median over the steps that did not compile; None without any."""
        if len(self.epochs) > 1:
            steps = [seconds for epoch in self.epochs[1:] for seconds in epoch]
        else:
            steps = [seconds for epoch in self.epochs for seconds in epoch][_COMPILING_STEPS:]
        return statistics.median(steps) if steps else None


class EpochWatch(keras.callbacks.Callback):
    """Reports the end of each epoch, and checks after the first that every score is among the logs.

    Args:
        score: the names that must be among the validation logs.
        report: called with the number of epochs done.
    """

    def __init__(self, score: Mapping[str, str], report: Callable[[int], None]) -> None:
        super().__init__()
        self.score = score
        self.report = report
        self.unknown: ValueError | None = None

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Checks and reports."""
        if epoch == 0:
            known = [name.removeprefix("val_") for name in logs or {} if name.startswith("val_")]
            for name in self.score:
                if name not in known:
                    self.unknown = unknown_name("score metric", name, known, "Mend the `score` of the problem.")
                    raise self.unknown
        self.report(epoch + 1)
