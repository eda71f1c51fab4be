"""A weight that does not move."""

from __future__ import annotations

from keras import ops

from .._core.registry import register
from .._core.schedule import Schedule, TrainingProgress
from .._core.typing import Array
from ._arguments import finite_number


@register("constant", cases=({"value": 0.3},))
class Constant(Schedule):
    """The same value always; what a plain number means inside `When`.

    Args:
        value: the weight, finite.

    Raises:
        ValueError: for a value that is no finite number.

    Example:
        >>> from multiloss.schedules import Constant, TrainingProgress
        >>> float(Constant(0.5).value(TrainingProgress(step=1000, epoch=3)))
        0.5
    """

    def __init__(self, value: float):
        self._value = finite_number("value", value)

    def value(self, progress: TrainingProgress) -> Array:
        """The number."""
        return ops.convert_to_tensor(self._value, dtype="float32")

    def final(self) -> float:
        """The number."""
        return self._value
