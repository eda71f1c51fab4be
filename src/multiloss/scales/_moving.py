"""The base of the scales that are measured while training goes on."""

from __future__ import annotations

import abc
from typing import ClassVar

import numpy as np
from keras import ops

from .._core.linalg import to_float
from .._core.scale import Observation, Scale
from .._core.typing import Array, State
from ._guard import SMALLEST, check_batches, check_power, positive


class MovingScale(Scale):
    """Divides a loss by its own measured size to a power; the size is detached and counts labelled training batches.

    The present loss counts before the division. What does not count changes nothing: a batch without a label, an
    evaluation, a loss that is not finite, and losses of 0 before the first other one, from which no size can be told.

    Args:
        power: p in [0, 1]: the divisor is size^p.
        freeze_after: the number of batches that count, after which the size stays as it is; None for never.

    Attributes:
        statistics: the names of the scalars that are remembered, each 0 at the start.
    """

    fixed: ClassVar[bool] = False
    statistics: ClassVar[tuple[str, ...]]

    def __init__(self, power: float, freeze_after: int | None):
        self.power = check_power(power)
        self.freeze_after = None if freeze_after is None else check_batches("freeze_after", freeze_after)

    def init(self) -> State:
        """The statistics before the first loss, and the number of batches that counted."""
        return {**{name: np.zeros((), "float32") for name in self.statistics}, "count": np.zeros((), "int32")}

    @abc.abstractmethod
    def observe(self, loss: Array, state: State) -> State:
        """The statistics after one more loss.

        Args:
            loss: scalar, float32, detached, finite, with its sign.
            state: the statistics so far, and `count`, the number of losses before this one.
        """

    @abc.abstractmethod
    def size(self, state: State) -> Array:
        """The size of the losses by their statistics, at least 0; 0 where it is not known."""

    def divisor(self, observation: Observation, state: State) -> tuple[Array, State]:
        """The size to the power p; 1 before the first label and where the size is 0."""
        loss = ops.stop_gradient(to_float(observation.loss))
        state = {name: ops.convert_to_tensor(value) for name, value in state.items()}
        if observation.training:
            state = self._counted(ops.cast(loss, "float32"), ops.cast(observation.present, "bool"), state)
        return ops.cast(positive(self.size(state)) ** self.power, loss.dtype), state

    def _counted(self, loss: Array, counts: Array, state: State) -> State:
        finite = ops.isfinite(loss)
        begun = ops.logical_or(ops.abs(loss) >= SMALLEST, state["count"] > 0)
        counts = ops.logical_and(counts, ops.logical_and(finite, begun))
        if self.freeze_after is not None:
            counts = ops.logical_and(counts, state["count"] < self.freeze_after)
        after = self.observe(ops.where(finite, loss, ops.zeros_like(loss)), state)
        after["count"] = state["count"] + 1
        return {name: ops.where(counts, after[name], value) for name, value in state.items()}
