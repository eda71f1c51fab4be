"""A geometric path from one weight to another."""

from __future__ import annotations

import math

from keras import ops

from .._core.registry import register
from .._core.typing import Array
from ._arguments import positive_number
from ._timed import Ramp


@register(
    "exponential",
    cases=({"start": 1.0, "end": 1e-4, "steps": 50}, {"start": 0.01, "end": 10.0, "epochs": 3, "warmup": 2}),
)
class Exponential(Ramp):
    """Moves from `start` to `end` by equal factors, and stays there: start (end / start)^(t/n).

    For weights over several orders of magnitude. A decay by a factor r in n steps is `Exponential(a, a * r, steps=n)`.

    Args:
        start: the value at the beginning, above 0.
        end: the value after n steps or epochs, and its final value; above 0.
        steps: n in steps; the value moves with every step. Exactly one of `steps` and `epochs`.
        epochs: n in epochs; the value moves with every epoch.
        warmup: for so many steps (epochs) the value first rises linearly from 0 to `start`.

    Raises:
        ValueError: for values that are not above 0, and unless exactly one of `steps` and `epochs` is given.

    Example:
        >>> from multiloss.schedules import Exponential, TrainingProgress
        >>> schedule = Exponential(1.0, 0.01, steps=100)
        >>> [round(float(schedule.value(TrainingProgress(step=step, epoch=0))), 3) for step in (0, 50, 100, 200)]
        [1.0, 0.1, 0.01, 0.01]
    """

    def __init__(
        self, start: float, end: float, *, steps: int | None = None, epochs: int | None = None, warmup: int = 0
    ):
        start, end = positive_number("start", start), positive_number("end", end)
        super().__init__(start, end, steps=steps, epochs=epochs, warmup=warmup)

    def between(self, done: Array) -> Array:
        """The mean of the logarithms, weighted."""
        return self.start * ops.exp(done * (math.log(self.end) - math.log(self.start)))
