"""Statistics of the targets: how large a loss on them naturally is."""

from __future__ import annotations

import math
from typing import ClassVar

from keras import ops

from .._core.linalg import filled, largest
from .._core.registry import register
from .._core.typing import Array, State
from ._guard import ROUNDING, positive
from ._numerics import hypotenuse
from ._target_statistic import TargetStatistic


@register("max_abs_target")
class MaxAbsTarget(TargetStatistic):
    """Divides the loss by the largest absolute target seen in training, max |y|.

    Example:
        >>> import numpy as np
        >>> from multiloss.scales import MaxAbsTarget
        >>> from multiloss.testing import observe
        >>> scale = MaxAbsTarget()
        >>> divisor, state = scale.divisor(observe(1.0, targets=np.arange(-8.0, 5.0)), scale.init())
        >>> float(divisor)
        8.0
        >>> float(scale.divisor(observe(1.0, targets=np.array([0.1])), state)[0])
        8.0
    """

    statistics: ClassVar[tuple[str, ...]] = ("largest",)

    def describe(self, targets: Array, labelled: Array, count: Array) -> State:
        """The largest absolute value."""
        return {"largest": largest(ops.abs(targets))}

    def join(self, first: State, second: State, share: Array) -> State:
        """The larger one."""
        return {"largest": ops.maximum(first["largest"], second["largest"])}

    def size(self, state: State) -> Array:
        """The largest absolute value."""
        return state["largest"]


@register("target_range")
class TargetRange(TargetStatistic):
    """Divides the loss by the range of the targets seen in training, max y - min y.

    Example:
        >>> import numpy as np
        >>> from multiloss.scales import TargetRange
        >>> from multiloss.testing import observe
        >>> scale = TargetRange()
        >>> divisor, state = scale.divisor(observe(1.0, targets=np.arange(-8.0, 5.0)), scale.init())
        >>> float(divisor)
        12.0
    """

    statistics: ClassVar[tuple[str, ...]] = ("low", "high")

    def describe(self, targets: Array, labelled: Array, count: Array) -> State:
        """The smallest and the largest; 0 for no target."""
        low = -largest(ops.where(labelled, -targets, filled(targets, -math.inf)))
        high = largest(ops.where(labelled, targets, filled(targets, -math.inf)))
        some = ops.isfinite(low)
        return {"low": ops.where(some, low, ops.zeros_like(low)), "high": ops.where(some, high, ops.zeros_like(high))}

    def join(self, first: State, second: State, share: Array) -> State:
        """The outer ones."""
        both = {
            "low": ops.minimum(first["low"], second["low"]),
            "high": ops.maximum(first["high"], second["high"]),
        }
        return {n: ops.where(share <= 0, first[n], ops.where(share >= 1, second[n], both[n])) for n in both}

    def size(self, state: State) -> Array:
        """The largest minus the smallest."""
        return state["high"] - state["low"]


@register("target_variance")
class TargetVariance(TargetStatistic):
    """Divides the loss by the variance of the targets seen in training, mean (y - mean y)^2.

    A mean squared error over it is 1 for a model that always predicts the mean.

    Example:
        >>> import numpy as np
        >>> from multiloss.scales import TargetVariance
        >>> from multiloss.testing import observe
        >>> scale = TargetVariance()
        >>> divisor, state = scale.divisor(observe(1.0, targets=np.arange(-8.0, 5.0)), scale.init())
        >>> round(float(divisor), 4)
        14.0
    """

    statistics: ClassVar[tuple[str, ...]] = ("mean", "deviation")

    def describe(self, targets: Array, labelled: Array, count: Array) -> State:
        """Mean and standard deviation, in units of the largest target: nothing overflows on the way."""
        unit = positive(largest(ops.abs(targets)))
        relative, count = targets / unit, ops.cast(count, targets.dtype)
        mean = ops.sum(relative) / count
        distance = ops.where(labelled, relative - mean, ops.zeros_like(relative))
        return {"mean": unit * mean, "deviation": unit * ops.sqrt(ops.sum(distance * distance) / count)}

    def join(self, first: State, second: State, share: Array) -> State:
        """Chan's update: within the groups, and between their means."""
        change = second["mean"] - first["mean"]
        within = hypotenuse(ops.sqrt(1.0 - share) * first["deviation"], ops.sqrt(share) * second["deviation"])
        between = ops.sqrt(share * (1.0 - share)) * change
        return {"mean": first["mean"] + share * change, "deviation": hypotenuse(within, between)}

    def size(self, state: State) -> Array:
        """The square of the deviation; 0 where that is the mean's rounding."""
        deviation = state["deviation"]
        differs = deviation > ROUNDING * ops.abs(state["mean"])
        return ops.where(differs, deviation * deviation, ops.zeros_like(deviation))
