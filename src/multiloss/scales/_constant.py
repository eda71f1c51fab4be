"""A number known beforehand."""

from __future__ import annotations

import math
import numbers
from typing import Any, ClassVar

from keras import ops

from .._core.errors import invalid
from .._core.linalg import to_float
from .._core.registry import register
from .._core.scale import Observation, Scale
from .._core.typing import Array, State


@register("constant", cases=({}, {"value": 2.5}))
class Constant(Scale):
    """Divides the loss by one number: its largest possible value, its unit squared, what an untrained model gets.

    A plain number in `scale=` means this.

    Args:
        value: the divisor, in the units of the loss; positive and finite.

    Raises:
        ValueError: for a value that is not a positive finite number.

    Example:
        >>> from multiloss.scales import Constant
        >>> Constant(4).get_config()
        {'value': 4.0}
    """

    fixed: ClassVar[bool] = True

    def __init__(self, value: float | numbers.Real = 1.0):
        try:
            number = float(value)
        except (TypeError, ValueError):
            number = math.nan
        if isinstance(value, bool) or not (math.isfinite(number) and number > 0):
            raise invalid(
                "A scale must be a positive finite number",
                received=value,
                fix="To switch a term off, give it the loss weight 0.",
            )
        self.value = self.known = number

    def divisor(self, observation: Observation, state: State) -> tuple[Array, State]:
        """The number."""
        return self.value * ops.ones_like(to_float(observation.loss)), state

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this object again."""
        return {"value": self.value}
