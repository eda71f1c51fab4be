"""The running mean of a loss's own size."""

from __future__ import annotations

from typing import ClassVar

from keras import ops

from .._core.registry import register
from .._core.typing import Array, State
from ._guard import check_decay
from ._moving import MovingScale


@register("running_mean", cases=({}, {"power": 0.5}, {"decay": 0.9, "freeze_after": 3}))
class RunningMean(MovingScale):
    """Divides the loss by the running mean of its absolute value, so that every term is about 1.

    m <- decay m + (1 - decay) |L| and n <- decay n + (1 - decay), from 0; the divisor is (m / n)^power. The present
    loss counts before the division, so that the first scaled loss is 1 and none exceeds 1 / (1 - decay). The divisor is
    detached: it changes the gradient's length, never its direction. It moves only in training and only when the batch
    has a label; it is saved with the trainer.

    Dividing by its own mean makes a falling loss's gradient grow as 1 / L: all terms stay equally loud to the end. Use
    a `power` below 1, or `freeze_after`, where that is not wanted.

    Args:
        decay: the memory, in [0, 1): 0.99 averages about the last 100 batches.
        power: p in [0, 1]; 0.5 divides by the root.
        freeze_after: the number of labelled batches after which the divisor stays as it is; None (default) for never.

    Raises:
        ValueError: for a `decay` or `power` outside its range, or a `freeze_after` below 1.

    Example:
        >>> from multiloss.scales import RunningMean
        >>> from multiloss.testing import observe
        >>> scale = RunningMean(decay=0.5)
        >>> divisor, state = scale.divisor(observe(8.0), scale.init())
        >>> round(float(divisor), 4)
        8.0
        >>> divisor, state = scale.divisor(observe(2.0), state)
        >>> round(float(divisor), 4)
        4.0
    """

    statistics: ClassVar[tuple[str, ...]] = ("total", "weight")

    def __init__(self, decay: float = 0.99, power: float = 1.0, *, freeze_after: int | None = None):
        super().__init__(power, freeze_after)
        self.decay = check_decay(decay)

    def observe(self, loss: Array, state: State) -> State:
        """The weighted sum of sizes, and the sum of its weights."""
        share = 1.0 - self.decay
        return {
            "total": self.decay * state["total"] + share * ops.abs(loss),
            "weight": self.decay * state["weight"] + share,
        }

    def size(self, state: State) -> Array:
        """The mean without the bias of its start."""
        return state["total"] / ops.where(state["weight"] > 0, state["weight"], ops.ones_like(state["weight"]))
