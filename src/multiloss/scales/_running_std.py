"""The running standard deviation of a loss."""

from __future__ import annotations

from typing import ClassVar

from keras import ops

from .._core.errors import invalid
from .._core.registry import register
from .._core.typing import Array, State
from ._guard import ROUNDING, check_decay
from ._moving import MovingScale
from ._numerics import hypotenuse


@register("running_std", cases=({}, {"decay": 0.9, "power": 0.5, "floor": 0.0}, {"freeze_after": 3}))
class RunningStd(MovingScale):
    """Divides the loss by the running standard deviation of its values over the batches.

    With the weights w_t = decay^(T - t) / sum of them, mean m = sum w_t L_t and deviation
    s^2 = sum w_t (L_t - m)^2 / (1 - sum w_t^2): free of the bias of its start, and with decay near 1 the sample
    standard deviation. The divisor is max(s, floor |m|)^power. The mean is never subtracted from the loss: that would
    leave nothing to learn where it is the batch's own.

    Two different values make a deviation; until they were seen, the divisor is |m|^power, as with `RunningMean`. A loss
    that hardly changes from batch to batch has a deviation far below its size, and its gradient becomes as much larger:
    `floor` bounds that. The divisor is detached and saved; it moves only in training, and only when the batch has a
    label.

    Args:
        decay: the memory, in [0, 1): 0.99 averages about the last 100 batches.
        power: p in [0, 1]; 0.5 divides by the root.
        freeze_after: the number of labelled batches after which the divisor stays as it is; None (default) for never.
        floor: the least deviation, as a part of the mean's absolute value.

    Raises:
        ValueError: for a `decay`, `power` or `floor` outside its range, or a `freeze_after` below 1.

    Example:
        >>> from multiloss.scales import RunningStd
        >>> from multiloss.testing import observe
        >>> scale, divisors = RunningStd(decay=0.999999), []
        >>> state = scale.init()
        >>> for loss in (10.0, 14.0, 12.0):
        ...     divisor, state = scale.divisor(observe(loss), state)
        ...     divisors.append(round(float(divisor), 2))
        >>> divisors
        [10.0, 2.83, 2.0]
    """

    statistics: ClassVar[tuple[str, ...]] = ("mean", "deviation", "weight", "concentration")

    def __init__(
        self, decay: float = 0.99, power: float = 1.0, *, freeze_after: int | None = None, floor: float = 0.01
    ):
        super().__init__(power, freeze_after)
        self.decay = check_decay(decay)
        if not 0.0 <= floor <= 1.0:
            raise invalid("`floor` must be between 0 and 1", received=floor)
        self.floor = float(floor)

    def observe(self, loss: Array, state: State) -> State:
        """West's update: mean, deviation, sum of the weights, and the sum of the squares of normalised weights."""
        weight = self.decay * state["weight"] + (1.0 - self.decay)
        share = (1.0 - self.decay) / weight
        change = loss - state["mean"]
        deviation = hypotenuse(state["deviation"], ops.sqrt(share) * change)
        return {
            "mean": state["mean"] + share * change,
            "deviation": ops.sqrt(1.0 - share) * deviation,
            "weight": weight,
            "concentration": (1.0 - share) ** 2 * state["concentration"] + share**2,
        }

    def size(self, state: State) -> Array:
        """The deviation, at least its floor; the mean where there is none yet."""
        mean = ops.abs(state["mean"])
        spread = 1.0 - state["concentration"]
        known = spread > ROUNDING
        deviation = state["deviation"] / ops.sqrt(ops.where(known, spread, ops.ones_like(spread)))
        known = ops.logical_and(known, deviation > ROUNDING * mean)
        return ops.where(known, ops.maximum(deviation, self.floor * mean), mean)
