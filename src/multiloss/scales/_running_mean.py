"""The running mean of a loss's own size."""

from __future__ import annotations

import numbers
from typing import Any, ClassVar

import numpy as np
from keras import ops

from .._core.errors import invalid
from .._core.linalg import to_float
from .._core.registry import register
from .._core.scale import Observation, Scale
from .._core.typing import Array, State
from ._guard import positive


@register("running_mean", cases=({}, {"power": 0.5}, {"decay": 0.9, "freeze_after": 3}))
class RunningMean(Scale):
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
        >>> import numpy as np
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

    fixed: ClassVar[bool] = False

    def __init__(self, decay: float = 0.99, power: float = 1.0, freeze_after: int | None = None):
        if not 0.0 <= decay < 1.0:
            raise invalid("`decay` must be at least 0 and below 1", received=decay)
        if not 0.0 <= power <= 1.0:
            raise invalid("`power` must be between 0 and 1", received=power)
        if freeze_after is not None and (not isinstance(freeze_after, numbers.Integral) or freeze_after < 1):
            raise invalid("`freeze_after` must be None or a whole number, at least 1", received=freeze_after)
        self.decay = float(decay)
        self.power = float(power)
        self.freeze_after = None if freeze_after is None else int(freeze_after)

    def init(self) -> State:
        """The weighted sum of losses, the sum of its weights, and the number of batches that counted."""
        return {"total": np.zeros((), "float32"), "weight": np.zeros((), "float32"), "count": np.zeros((), "int32")}

    def divisor(self, observation: Observation, state: State) -> tuple[Array, State]:
        """The debiased mean to the power p; 1 before the first label and where the mean is 0."""
        loss = to_float(observation.loss)
        state = {name: ops.convert_to_tensor(value) for name, value in state.items()}
        if observation.training:
            state = self._observe(ops.stop_gradient(loss), observation.present, state)
        weight = ops.where(state["weight"] > 0, state["weight"], ops.ones_like(state["weight"]))
        return ops.cast(positive(state["total"] / weight) ** self.power, loss.dtype), state

    def _observe(self, loss: Array, present: Array, state: State) -> State:
        size = ops.cast(ops.abs(loss), "float32")
        counts = ops.cast(present, "bool")
        if self.freeze_after is not None:
            counts = ops.logical_and(counts, state["count"] < self.freeze_after)
        share = 1.0 - self.decay
        return {
            "total": ops.where(counts, self.decay * state["total"] + share * size, state["total"]),
            "weight": ops.where(counts, self.decay * state["weight"] + share, state["weight"]),
            "count": ops.where(counts, state["count"] + 1, state["count"]),
        }

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this object again."""
        return {"decay": self.decay, "power": self.power, "freeze_after": self.freeze_after}
