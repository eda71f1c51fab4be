"""The largest size that a loss had."""

from __future__ import annotations

from typing import ClassVar

from keras import ops

from .._core.errors import invalid
from .._core.registry import register
from .._core.typing import Array, State
from ._moving import MovingScale


@register("running_max", cases=({}, {"decay": 0.9, "power": 0.5}, {"freeze_after": 3}))
class RunningMax(MovingScale):
    """Divides the loss by the largest absolute value that it had.

    m <- max(|L|, decay m), from 0; the divisor is m^power. The scaled loss never exceeds 1, unless a power below 1 or
    `freeze_after` is asked for. With the default decay of 1 it only grows, which is nearly
    the scale of the first batches, but safe against a first batch that was small by chance; a decay below 1 follows a
    falling loss, as a running mean does, and still bounds the scaled loss by 1. The divisor is detached and saved; it
    moves only in training and only when the batch has a label.

    One outlier lowers the term for long: 1 / (1 - decay) batches, for ever under the default.

    Args:
        decay: how much of the maximum remains from batch to batch, in (0, 1].
        power: p in [0, 1]; 0.5 divides by the root.
        freeze_after: the number of labelled batches after which the divisor stays as it is; None (default) for never.

    Raises:
        ValueError: for a `decay` or `power` outside its range, or a `freeze_after` below 1.

    Example:
        >>> from multiloss.scales import RunningMax
        >>> from multiloss.testing import observe
        >>> scale = RunningMax(decay=0.5)
        >>> divisor, state = scale.divisor(observe(-8.0), scale.init())
        >>> divisor, state = scale.divisor(observe(3.0), state)
        >>> float(divisor)
        4.0
    """

    statistics: ClassVar[tuple[str, ...]] = ("largest",)

    def __init__(self, decay: float = 1.0, power: float = 1.0, *, freeze_after: int | None = None):
        super().__init__(power, freeze_after)
        if not 0.0 < decay <= 1.0:
            raise invalid("`decay` must be above 0 and at most 1", received=decay)
        self.decay = float(decay)

    def observe(self, loss: Array, state: State) -> State:
        """The maximum after the loss."""
        return {"largest": ops.maximum(ops.abs(loss), self.decay * state["largest"])}

    def size(self, state: State) -> Array:
        """The maximum."""
        return state["largest"]
