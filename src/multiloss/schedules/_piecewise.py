"""Values between given steps or epochs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from keras import ops

from .._core.errors import invalid, unknown_name
from .._core.registry import register
from .._core.schedule import Schedule, TrainingProgress
from .._core.typing import Array
from ._arguments import finite_number, whole_number
from ._clock import by_unit, elapsed, one_unit

INTERPOLATIONS = ("constant", "linear")


@register(
    "piecewise",
    cases=(
        {"values": [1.0, 0.5, 0.1], "steps": [10, 25]},
        {"values": [0.0, 0.0, 1.0, 0.2], "epochs": [0, 2, 4, 9], "interpolation": "linear"},
    ),
)
class Piecewise(Schedule):
    """Takes given values from given steps or epochs on, or moves along straight lines between them.

    `"constant"`: `values[0]` before the first boundary, `values[i]` from boundary i (counted from 1) on.
    `"linear"`: `values[i]` at point i and straight lines between, the first and last value outside.

    Args:
        values: the values, finite: one more than boundaries for `"constant"`, as many as points for `"linear"`.
        steps: the boundaries or points in steps, integers, increasing. Exactly one of `steps` and `epochs`.
        epochs: the same in epochs.
        interpolation: `"constant"` (default) or `"linear"`.

    Raises:
        ValueError: for boundaries that do not increase, a wrong number of values, or an unknown interpolation.

    Example:
        >>> from multiloss.schedules import Piecewise, TrainingProgress
        >>> schedule = Piecewise([0.0, 0.5, 1.0], epochs=[2, 4])
        >>> [float(schedule.value(TrainingProgress(step=0, epoch=epoch))) for epoch in range(6)]
        [0.0, 0.0, 0.5, 0.5, 1.0, 1.0]
        >>> schedule = Piecewise([1.0, 0.0], steps=[10, 20], interpolation="linear")
        >>> [float(schedule.value(TrainingProgress(step=step, epoch=0))) for step in (0, 10, 15, 30)]
        [1.0, 1.0, 0.5, 0.0]

    Differs from `keras.optimizers.schedules.PiecewiseConstantDecay`, where a boundary still has the value before it:
    here "from epoch 5 on" is the boundary 5.
    """

    def __init__(
        self,
        values: Sequence[float],
        steps: Sequence[int] | None = None,
        *,
        epochs: Sequence[int] | None = None,
        interpolation: str = "constant",
    ):
        self.unit, points = one_unit(steps, epochs)
        if not isinstance(points, list | tuple):
            raise invalid(f"`{self.unit}` must be a list of boundaries", received=points)
        if interpolation not in INTERPOLATIONS:
            raise unknown_name("interpolation", interpolation, INTERPOLATIONS)
        self.points = [whole_number(self.unit, point, least=0) for point in points]
        self.steps, self.epochs = by_unit(self.unit, self.points)
        self.values = [finite_number("values", value) for value in values]
        self.interpolation = interpolation
        if not self.points or any(
            later <= earlier for earlier, later in zip(self.points, self.points[1:], strict=False)
        ):
            raise invalid(f"`{self.unit}` must increase, and not be empty", received=self.points)
        expected = len(self.points) + (interpolation == "constant")
        if len(self.values) != expected:
            raise invalid(
                f"`values` must hold {expected} numbers for {len(self.points)} {self.unit} and {interpolation!r}",
                received=self.values,
            )

    def value(self, progress: TrainingProgress) -> Array:
        """The value of the piece in which the step or epoch lies."""
        time = elapsed(progress, self.unit)
        points = np.asarray(self.points, "int32")
        values = np.asarray(self.values, "float32")
        if self.interpolation == "constant":
            place = ops.sum(ops.cast(time >= ops.convert_to_tensor(points), "int32"))
            return ops.take(ops.convert_to_tensor(values), place)
        if len(points) == 1:
            return ops.convert_to_tensor(values[0])
        place = ops.sum(ops.cast(time >= ops.convert_to_tensor(points[1:-1]), "int32"))
        passed = ops.cast(time - ops.take(ops.convert_to_tensor(points[:-1]), place), "float32")
        length = ops.take(ops.convert_to_tensor(np.diff(points).astype("float32")), place)
        done = ops.clip(passed / length, 0.0, 1.0)
        before, after = (ops.take(ops.convert_to_tensor(part), place) for part in (values[:-1], values[1:]))
        return (1.0 - done) * before + done * after

    def final(self) -> float:
        """The last value."""
        return self.values[-1]
