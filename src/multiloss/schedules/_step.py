"""A staircase of equal factors."""

from __future__ import annotations

import math

from keras import ops

from .._core.errors import invalid
from .._core.registry import register
from .._core.typing import Array
from ._arguments import finite_number, positive_number
from ._timed import TimedSchedule

# So many halvings take any float32 to 0.
MOST_OCTAVES = 300.0


@register(
    "step",
    cases=(
        {"start": 1.0, "factor": 0.5, "steps": 10},
        {"start": 0.1, "factor": 2.0, "epochs": 3, "limit": 5.0, "warmup": 1},
        {"start": 1.0, "factor": 0.1, "steps": 7, "limit": 1e-3},
    ),
)
class Step(TimedSchedule):
    """Multiplies by one factor after every so many steps or epochs: start factor^floor(t/n), up to a limit.

    Args:
        start: the first value, above 0.
        factor: by what the value is multiplied, above 0.
        steps: n in steps. Exactly one of `steps` and `epochs`.
        epochs: n in epochs.
        limit: where the value stops, and its final value: 0 (default) for a decay; must be given for a growth.
        warmup: for so many steps (epochs) the value first rises linearly from 0 to `start`.

    Raises:
        ValueError: for a start or factor that is not above 0, a limit on the other side of the start, and unless
            exactly one of `steps` and `epochs` is given.

    Example:
        >>> from multiloss.schedules import TrainingProgress, Step
        >>> schedule = Step(1.0, factor=0.5, epochs=2, limit=0.25)
        >>> [float(schedule.value(TrainingProgress(step=0, epoch=epoch))) for epoch in range(7)]
        [1.0, 1.0, 0.5, 0.5, 0.25, 0.25, 0.25]

    Differs from `keras.optimizers.schedules.ExponentialDecay(staircase=True)` in the limit alone.
    """

    def __init__(
        self,
        start: float,
        factor: float,
        *,
        steps: int | None = None,
        epochs: int | None = None,
        limit: float = 0.0,
        warmup: int = 0,
    ):
        super().__init__(steps, epochs, warmup)
        self.start = positive_number("start", start)
        self.factor = positive_number("factor", factor)
        self.limit = finite_number("limit", limit)
        grows = self.factor > 1.0
        if self.limit < 0.0 or (self.limit < self.start if grows else self.limit > self.start):
            side = f"at least the start, {self.start:g}, for a growth" if grows else "between 0 and the start"
            raise invalid(f"`limit` must be {side}", received=limit)

    def after_warmup(self, time: Array) -> Array:
        """The power of the stair, held at the limit."""
        stairs = ops.cast(ops.floor_divide(time, self.length), "float32")
        # A power of 2: the rounding of a factor near 1 would grow with the number of stairs.
        octaves = ops.clip(stairs * math.log2(self.factor), -MOST_OCTAVES, MOST_OCTAVES)
        value = self.start * ops.power(2.0 * ops.ones_like(octaves), octaves)
        return ops.minimum(value, self.limit) if self.factor > 1.0 else ops.maximum(value, self.limit)

    def final(self) -> float:
        """The limit; the start for a factor of 1."""
        return self.start if self.factor == 1.0 else self.limit
