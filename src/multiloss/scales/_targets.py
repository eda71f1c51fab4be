"""Statistics of a batch's targets: how large a loss on them naturally is."""

from __future__ import annotations

import abc
import math
from typing import ClassVar

from keras import ops

from .._core.errors import invalid
from .._core.linalg import epsilon, to_float
from .._core.registry import register
from .._core.scale import Observation, Scale
from .._core.typing import Array, State
from ._guard import positive


class TargetStatistic(Scale):
    """The base of scales that read the labelled targets of the batch; they remember nothing."""

    fixed: ClassVar[bool] = True

    def divisor(self, observation: Observation, state: State) -> tuple[Array, State]:
        """The statistic, detached; 1 where it is 0 to rounding, or where nothing is labelled."""
        if observation.targets is None:
            raise invalid(
                f"The scale {type(self).__name__} needs a term with a target",
                received="a term without one",
                fix="Use 'running_mean' or a number.",
            )
        targets = ops.stop_gradient(to_float(observation.targets))
        labelled = ops.cast(ops.ones_like(targets) if observation.labelled is None else observation.labelled, "bool")
        present = ops.cast(observation.present, "bool")
        largest = ops.max(ops.where(labelled, ops.abs(targets), ops.zeros_like(targets)), initial=0.0)
        largest = positive(ops.where(present, largest, ops.zeros_like(largest)))
        # In units of the largest target nothing overflows, and rounding has a known size.
        unit = ops.where(labelled, targets / largest, ops.zeros_like(targets))
        value = self.statistic(unit, labelled)
        value = ops.where(value > 8.0 * epsilon(value), value, ops.zeros_like(value))
        value = ops.where(present, value, ops.zeros_like(value))
        return positive(self.restore(value, largest)), state

    @abc.abstractmethod
    def statistic(self, unit: Array, labelled: Array) -> Array:
        """The statistic of targets in [-1, 1], in the units of the targets.

        Args:
            unit: the targets, 0 where there is no label.
            labelled: bool, in the same shape.
        """

    def restore(self, value: Array, largest: Array) -> Array:
        """From units of the largest target back to those of the loss."""
        return value * largest


@register("max_abs_target")
class MaxAbsTarget(TargetStatistic):
    """Divides the loss by the largest absolute target of the batch, max |y|.

    Example:
        >>> import numpy as np
        >>> from multiloss.scales import MaxAbsTarget
        >>> from multiloss.testing import observe
        >>> divisor, _ = MaxAbsTarget().divisor(observe(1.0, targets=np.array([-4.0, 2.0], "float32")), {})
        >>> float(divisor)
        4.0
    """

    def statistic(self, unit: Array, labelled: Array) -> Array:
        """The largest absolute value."""
        return ops.max(ops.abs(unit), initial=0.0)


@register("target_range")
class TargetRange(TargetStatistic):
    """Divides the loss by the range of the batch's targets, max y - min y; 1 for a batch of equal targets.

    Example:
        >>> import numpy as np
        >>> from multiloss.scales import TargetRange
        >>> from multiloss.testing import observe
        >>> divisor, _ = TargetRange().divisor(observe(1.0, targets=np.array([-4.0, 2.0], "float32")), {})
        >>> float(divisor)
        6.0
    """

    def statistic(self, unit: Array, labelled: Array) -> Array:
        """The largest minus the smallest."""
        beyond = 2.0 * ops.ones_like(unit)
        top = ops.max(ops.where(labelled, unit, -beyond), initial=-2.0)
        bottom = ops.min(ops.where(labelled, unit, beyond), initial=2.0)
        return ops.clip(top - bottom, 0.0, math.inf)


@register("target_variance")
class TargetVariance(TargetStatistic):
    """Divides the loss by the variance of the batch's targets, mean (y - mean y)^2; 1 for a batch of equal targets.

    A mean squared error over it is 1 for a model that always predicts the batch's mean.

    Example:
        >>> import numpy as np
        >>> from multiloss.scales import TargetVariance
        >>> from multiloss.testing import observe
        >>> divisor, _ = TargetVariance().divisor(observe(1.0, targets=np.array([-4.0, 2.0], "float32")), {})
        >>> float(divisor)
        9.0
    """

    def statistic(self, unit: Array, labelled: Array) -> Array:
        """The standard deviation: it is compared with rounding before it is squared."""
        mask = ops.cast(labelled, unit.dtype)
        count = ops.clip(ops.sum(mask), 1.0, math.inf)
        deviation = mask * (unit - ops.sum(unit) / count)
        return ops.sqrt(ops.sum(deviation * deviation) / count)

    def restore(self, value: Array, largest: Array) -> Array:
        """The square, in squared units of the targets."""
        return value * value * (largest * largest)
