"""The size that a loss has when training begins."""

from __future__ import annotations

from typing import ClassVar

from keras import ops

from .._core.registry import register
from .._core.typing import Array, State
from ._guard import check_batches
from ._moving import MovingScale


@register("initial", cases=({}, {"batches": 3}, {"batches": 2, "power": 0.5}))
class Initial(MovingScale):
    """Divides the loss by its mean size over the first batches, measured once and then frozen.

    The divisor is (mean of |L_1| ... |L_n|)^power over the first n labelled batches; while they are being measured, it
    is the mean so far. Every term then starts near 1, and a loss that falls to a tenth counts a tenth: the relative
    progress of the terms is compared, and nothing moves later on. The safe choice when losses differ in unit.

    An initial loss says as much about the initial weights as about the task: take some more batches where single ones
    differ much, and another scale for a term that starts near its best. Losses of 0 before the first other one do not
    count. The divisor is detached and saved with the trainer; a training that goes on does not measure again.

    Args:
        batches: n, the number of labelled batches, at least 1.
        power: p in [0, 1]; 0.5 divides by the root.

    Raises:
        ValueError: for fewer than 1 batch, or a `power` outside its range.

    Example:
        >>> from multiloss.scales import Initial
        >>> from multiloss.testing import observe
        >>> scale, divisors = Initial(batches=2), []
        >>> state = scale.init()
        >>> for loss in (6.0, 2.0, 0.1):
        ...     divisor, state = scale.divisor(observe(loss), state)
        ...     divisors.append(round(float(divisor), 4))
        >>> divisors
        [6.0, 4.0, 4.0]
    """

    statistics: ClassVar[tuple[str, ...]] = ("mean",)

    def __init__(self, batches: int = 1, power: float = 1.0):
        self.batches = check_batches("batches", batches)
        super().__init__(power, freeze_after=self.batches)

    def observe(self, loss: Array, state: State) -> State:
        """The mean of the sizes so far."""
        share = 1.0 / (ops.cast(state["count"], "float32") + 1.0)
        return {"mean": (1.0 - share) * state["mean"] + share * ops.abs(loss)}

    def size(self, state: State) -> Array:
        """The mean."""
        return state["mean"]
