"""A weight that rises again and again."""

from __future__ import annotations

import math

from keras import ops

from .._core.errors import invalid, unknown_name
from .._core.registry import register
from .._core.typing import Array
from ._arguments import finite_number
from ._timed import TimedSchedule

SHAPES = ("sawtooth", "triangle", "cosine")


@register(
    "cyclical",
    paper="arXiv:1903.10145",
    cases=(
        {"low": 0.0, "high": 1.0, "steps": 20},
        {"low": 0.1, "high": 2.0, "epochs": 4, "shape": "triangle", "ramp": 0.25, "warmup": 1},
        {"low": 0.0, "high": 1.0, "steps": 15, "shape": "cosine"},
        {"low": 0.0, "high": 1.0, "steps": 8, "ramp": 1.0},
    ),
)
class Cyclical(TimedSchedule):
    """Goes through the same cycle over and over; cyclical annealing of a KL term.

    In each cycle the value rises from `low` to `high` within the first part `ramp` of it. Then

    - `"sawtooth"` stays at `high` to the cycle's end and drops to `low`: the form of the paper;
    - `"triangle"` falls back to `low` in a straight line;
    - `"cosine"` is the triangle with smooth turns, half a cosine wave up and half a wave down.

    Each restart of a variational autoencoder's KL weight at 0 lets the decoder use the code anew, from a better start.

    Args:
        low: the value at the beginning of a cycle.
        high: the value at its top, and the final value.
        steps: the length of a cycle in steps. Exactly one of `steps` and `epochs`.
        epochs: the length of a cycle in epochs.
        shape: `"sawtooth"` (default), `"triangle"` or `"cosine"`.
        ramp: the part of the cycle in which the value rises, above 0 and at most 1.
        warmup: for so many steps (epochs) the value first rises linearly from 0 to `low`, before the first cycle.

    Raises:
        ValueError: for an unknown shape, a `ramp` outside its range, and unless exactly one of `steps` and `epochs` is
            given.

    Example:
        >>> from multiloss.schedules import Cyclical, TrainingProgress
        >>> schedule = Cyclical(0.0, 1.0, steps=8)
        >>> [float(schedule.value(TrainingProgress(step=step, epoch=0))) for step in range(10)]
        [0.0, 0.25, 0.5, 0.75, 1.0, 1.0, 1.0, 1.0, 0.0, 0.25]

    Reference: Fu, Li, Liu, Gao, Celikyilmaz and Carin, "Cyclical annealing schedule: a simple approach to mitigating KL
    vanishing", NAACL 2019, arXiv:1903.10145.
    """

    def __init__(
        self,
        low: float,
        high: float,
        *,
        steps: int | None = None,
        epochs: int | None = None,
        shape: str = "sawtooth",
        ramp: float = 0.5,
        warmup: int = 0,
    ):
        super().__init__(steps, epochs, warmup)
        self.low = finite_number("low", low)
        self.high = finite_number("high", high)
        if shape not in SHAPES:
            raise unknown_name("shape", shape, SHAPES)
        if not 0.0 < finite_number("ramp", ramp) <= 1.0:
            raise invalid("`ramp` must be above 0 and at most 1", received=ramp)
        self.shape = shape
        self.ramp = float(ramp)

    def after_warmup(self, time: Array) -> Array:
        """The value at the place within the cycle."""
        place = ops.cast(ops.mod(time, self.length), "float32") / float(self.length)
        height = ops.minimum(place / self.ramp, 1.0)
        if self.shape != "sawtooth" and self.ramp < 1.0:
            height = ops.minimum(height, (1.0 - place) / (1.0 - self.ramp))
        if self.shape == "cosine":
            height = ops.square(ops.sin(0.5 * math.pi * height))
        return (1.0 - height) * self.low + height * self.high

    def final(self) -> float:
        """The high value, which is what the cycles lead to."""
        return self.high
