"""Half a cosine wave from one weight to another."""

from __future__ import annotations

import math

from keras import ops

from .._core.registry import register
from .._core.typing import Array
from ._timed import Ramp


@register(
    "cosine",
    cases=({"start": 1.0, "end": 0.1, "steps": 30}, {"start": 0.0, "end": 1.0, "epochs": 5, "warmup": 1}),
)
class Cosine(Ramp):
    """Moves from `start` to `end` along half a cosine wave, slow at both ends.

    The value is end + (start - end) (1 + cos(pi t/n)) / 2.

    Args:
        start: the value at the beginning.
        end: the value after n steps or epochs, and its final value.
        steps: n in steps; the value moves with every step. Exactly one of `steps` and `epochs`.
        epochs: n in epochs; the value moves with every epoch.
        warmup: for so many steps (epochs) the value first rises linearly from 0 to `start`.

    Raises:
        ValueError: for numbers that are not finite, and unless exactly one of `steps` and `epochs` is given.

    Example:
        >>> from multiloss.schedules import Cosine, TrainingProgress
        >>> schedule = Cosine(1.0, 0.0, steps=100)
        >>> [round(float(schedule.value(TrainingProgress(step=step, epoch=0))), 3) for step in (0, 25, 50, 100, 200)]
        [1.0, 0.854, 0.5, 0.0, 0.0]

    Reference: Loshchilov and Hutter, "SGDR: stochastic gradient descent with warm restarts", arXiv:1608.03983.
    """

    def between(self, done: Array) -> Array:
        """The mean of both ends, weighted by a squared sine: no digits are lost near the start."""
        rise = ops.square(ops.sin(0.5 * math.pi * done))
        return (1.0 - rise) * self.start + rise * self.end
