"""What a comparison watches while a model trains."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from typing import Any

import keras

from ...problems import Score
from ._score import require_ideals, require_scores

# The executions at the start of a run that hold the compilation.
_COMPILING = 3


class StepClock(keras.callbacks.Callback):
    """Measures the seconds of training steps.

    Keras waits for the step's result before it calls a callback that is not marked asynchronous, so the time from
    begin to end holds the whole step, and neither validation nor callbacks.
    """

    def __init__(self) -> None:
        super().__init__()
        self.epochs: list[list[float]] = []
        self.steps = 0
        self._begin = 0.0
        self._first = 0
        self._rest = 0.0
        self._rest_steps = 0
        self._executions = 0

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Starts a new list."""
        self.epochs.append([])

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Starts the clock."""
        self._first = batch
        self._begin = time.perf_counter()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Stops the clock; with `steps_per_execution` several steps share the time."""
        seconds, steps = time.perf_counter() - self._begin, batch - self._first + 1
        self.epochs[-1].append(seconds / steps)
        self.steps += steps
        self._executions += 1
        if self._executions > _COMPILING:
            self._rest += seconds
            self._rest_steps += steps

    def mean_steps(self) -> list[float]:
        """The mean seconds of a step in each epoch; empty before anything could be measured.

        The mean, because a balancer may solve in every fourth step alone. The first epoch, which compiles, is left
        out; with one epoch alone, its first steps are.
        """
        if len(self.epochs) > 1:
            measured = [epoch for epoch in self.epochs[1:] if epoch]
        else:
            measured = [epoch[_COMPILING:] for epoch in self.epochs if len(epoch) > _COMPILING]
        return [statistics.fmean(epoch) for epoch in measured]

    def seconds_per_step(self) -> float | None:
        """The median of `mean_steps`; None before anything could be measured."""
        return statistics.median(self.mean_steps()) if self.mean_steps() else None

    def training_seconds(self) -> float | None:
        """The time of all steps; those that compile count with the mean of the others. None with none of the others."""
        return self._rest * self.steps / self._rest_steps if self._rest_steps else None


class TimeLimit(StepClock):
    """Ends training once its steps have taken a time; validation, callbacks and compilation do not count.

    Args:
        seconds: the time, larger than 0.
        report: called with the part of it that is used up, from 0 to 1.
    """

    def __init__(self, seconds: float, report: Callable[[float], None]) -> None:
        super().__init__()
        self.seconds = seconds
        self.report = report
        self._reported = 0.0

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Stops the clock, and training with it when the time is over."""
        super().on_train_batch_end(batch, logs)
        part = min(1.0, (self.training_seconds() or 0.0) / self.seconds)
        if part >= self._reported + 0.01:
            self._reported = part
            self.report(part)
        if part == 1.0:
            self.model.stop_training = True


class EpochWatch(keras.callbacks.Callback):
    """Reports the end of each epoch, and checks that every score is among the logs and not beyond its ideal.

    Args:
        score: the names that must be among the validation logs, with their scores.
        report: called with the number of epochs done.
    """

    def __init__(self, score: Mapping[str, Score], report: Callable[[int], None]) -> None:
        super().__init__()
        self.score = score
        self.report = report
        self.mistake: ValueError | None = None

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Checks and reports."""
        known = [name.removeprefix("val_") for name in logs or {} if name.startswith("val_")]
        try:
            require_scores(self.score, known)
            require_ideals(self.score, logs or {})
        except ValueError as error:
            self.mistake = error
            raise
        self.report(epoch + 1)
