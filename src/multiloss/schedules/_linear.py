"""A straight line from one weight to another."""

from __future__ import annotations

from .._core.registry import register
from .._core.typing import Array
from ._timed import Ramp


@register(
    "linear",
    cases=({"start": 0.0, "end": 1.0, "steps": 20}, {"start": 2.0, "end": 0.5, "epochs": 4, "warmup": 2}),
)
class Linear(Ramp):
    """Moves linearly from `start` to `end`, and stays there: (1 - t/n) start + (t/n) end.

    Args:
        start: the value at the beginning.
        end: the value after n steps or epochs, and its final value.
        steps: n in steps; the value moves with every step. Exactly one of `steps` and `epochs`.
        epochs: n in epochs; the value moves with every epoch, so that epoch n (counted from 0) is the first at `end`.
        warmup: for so many steps (epochs) the value first rises linearly from 0 to `start`. With `start=0` that is a
            pause at 0.

    Raises:
        ValueError: for numbers that are not finite, and unless exactly one of `steps` and `epochs` is given.

    Example:
        >>> from multiloss.schedules import Linear, TrainingProgress
        >>> schedule = Linear(0.0, 1.0, epochs=4)
        >>> [float(schedule.value(TrainingProgress(step=0, epoch=epoch))) for epoch in range(6)]
        [0.0, 0.25, 0.5, 0.75, 1.0, 1.0]
    """

    def between(self, done: Array) -> Array:
        """The mean of both ends, weighted; exact at the ends."""
        return (1.0 - done) * self.start + done * self.end
