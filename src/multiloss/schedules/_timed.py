"""The bases of the schedules that depend on the step or the epoch alone."""

from __future__ import annotations

import abc

from keras import ops

from .._core.schedule import Schedule, TrainingProgress
from .._core.typing import Array
from ._arguments import finite_number, whole_number
from ._clock import by_unit, elapsed, fraction, one_unit


class TimedSchedule(Schedule):
    """Counts steps or epochs, and warms up.

    Args:
        steps: a number of steps, at least 1: the value moves with every step.
        epochs: a number of epochs, at least 1: the value moves with every epoch. Exactly one of the two.
        warmup: for so many steps (epochs), in the same unit, the value first rises linearly from 0 to that with which
            the schedule starts; only then does the schedule's own time begin.
    """

    def __init__(self, steps: int | None, epochs: int | None, warmup: int):
        self.unit, amount = one_unit(steps, epochs)
        self.length = whole_number(self.unit, amount, least=1)
        self.steps, self.epochs = by_unit(self.unit, self.length)
        self.warmup = whole_number("warmup", warmup, least=0)

    @abc.abstractmethod
    def after_warmup(self, time: Array) -> Array:
        """The value, float32, when so many steps or epochs have passed since the warm-up, a scalar int32 from 0."""

    def value(self, progress: TrainingProgress) -> Array:
        """The weight, a scalar, float32."""
        passed = elapsed(progress, self.unit)
        value = self.after_warmup(ops.maximum(passed - self.warmup, 0))
        return value * fraction(passed, self.warmup) if self.warmup else value


class Ramp(TimedSchedule):
    """Goes from one value to another, and stays there.

    Args:
        start: the value at the beginning.
        end: the value after `steps` (`epochs`).
        steps: see `TimedSchedule`, as are the others.
        epochs: a number of epochs.
        warmup: steps or epochs.
    """

    def __init__(
        self, start: float, end: float, *, steps: int | None = None, epochs: int | None = None, warmup: int = 0
    ):
        super().__init__(steps, epochs, warmup)
        self.start = finite_number("start", start)
        self.end = finite_number("end", end)

    def after_warmup(self, time: Array) -> Array:
        """The value between start and end."""
        return self.between(fraction(time, self.length))

    @abc.abstractmethod
    def between(self, done: Array) -> Array:
        """The value when a part of the way is done, a scalar in [0, 1], float32."""

    def final(self) -> float:
        """The end."""
        return self.end
