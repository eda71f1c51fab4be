"""Dynamic weight averaging: the terms that fall the slowest weigh the most."""

from __future__ import annotations

import math
import numbers
from typing import ClassVar

import numpy as np
from keras import ops

from .._core.balancer import Balancer, Needs, Signals
from .._core.errors import invalid
from .._core.linalg import to_float
from .._core.memory import recall, remember
from .._core.registry import register
from .._core.typing import Array, State, Weights
from ._present import complete, count, ratio, softmax


@register(
    "dynamic_weight_average",
    aliases=("dwa",),
    paper="arXiv:1803.10704",
    properties=("non_negative", "permutation_equivariant", "scale_invariant", "deterministic"),
    cases=({}, {"window": 1, "temperature": 0.5}),
)
class DynamicWeightAverage(Balancer):
    """Weighs each term by how slowly its mean loss falls from one epoch to the next.

    w_i = K softmax_i(r_i / T) with r_i = m_i(e - 1) / m_i(e - 2), the ratio of the term's mean losses in the last two
    complete epochs, or in the last two complete windows of `window` steps. A loss that has stopped falling has r near 1
    and gets more than one that still falls. Ratios near 1 and T = 2 keep the weights near equal; a smaller T spreads
    them.

    The means are over the steps in which the term is present, each term with its own count: an epoch without a label
    for it leaves its ratio as it was. Until a term has two complete windows it gets the mean weight, so that the first
    two windows are uniform. A loss that is not positive in the earlier window has no ratio; it counts as 1.

    Needs positive losses; their units do not matter. One backward pass.

    Args:
        window: None (default) for epochs, or a number of steps, at least 1. The epoch is `signals.epoch`: use
            `initial_epoch` where `fit` is called many times, or a window.
        temperature: T, positive.
        normalize: `"sum_to_k"` (default) or `"none"`; the published weights sum to the number of terms present anyway.

    Raises:
        ValueError: for a `window` below 1 or a `temperature` that is not positive.

    Example:
        >>> import numpy as np
        >>> from multiloss import Signals
        >>> from multiloss.weighting import DynamicWeightAverage
        >>> balancer = DynamicWeightAverage()
        >>> state = balancer.init(2)
        >>> for epoch, losses in enumerate([[4.0, 4.0], [4.0, 2.0], [4.0, 1.0]]):
        ...     signals = Signals(np.array(losses, "float32"), np.array([True, True]), epoch=np.array(epoch))
        ...     weights, state = balancer.weights(signals, state)
        >>> [round(float(weight), 3) for weight in weights]
        [1.124, 0.876]

    Differs from the official code: the means follow the labels, and everything is kept in the state. The windows of
    `window` steps follow each other; some re-implementations let two windows slide instead.

    Reference: Liu, Johns and Davison, "End-to-end multi-task learning with attention", CVPR 2019, arXiv:1803.10704.
    """

    needs: ClassVar[Needs] = Needs.LOSSES

    def __init__(self, window: int | None = None, temperature: float = 2.0, *, normalize: str = "sum_to_k"):
        super().__init__(normalize)
        if window is not None and (not isinstance(window, numbers.Integral) or window < 1):
            raise invalid("`window` must be None for epochs, or an integer of steps, at least 1", received=window)
        if not (math.isfinite(temperature) and temperature > 0):
            raise invalid("`temperature` must be a positive finite number", received=temperature)
        self.window = None if window is None else int(window)
        self.temperature = float(temperature)

    def init(self, num_terms: int) -> State:
        """For each term: the running mean and count of its window, the epoch of it, and the last two complete means."""
        return {
            "mean": np.zeros(num_terms, "float32"),
            "count": np.zeros(num_terms, "int32"),
            "epoch": np.zeros(num_terms, "int32"),
            "last": np.zeros(num_terms, "float32"),
            "before_last": np.zeros(num_terms, "float32"),
            "complete": np.zeros(num_terms, "int32"),
        }

    def raw_weights(self, signals: Signals, state: State) -> tuple[Weights, State]:
        """K times the softmax of the ratios of complete windows; then the losses of this step enter the open window."""
        losses = to_float(signals.losses)
        present = ops.convert_to_tensor(signals.present)
        memory = self._close(recall(state, losses.dtype), present, ops.cast(signals.epoch, "int32"))
        known = ops.logical_and(present, memory["complete"] >= 2)
        shares = softmax(ratio(memory["last"], memory["before_last"]) / self.temperature, known)
        weights = count(present, losses.dtype) * complete(shares, known, present)
        return weights, remember(_enter(memory, losses, present), state)

    def _close(self, memory: State, present: Array, epoch: Array) -> State:
        """Closes the windows that are over, each when its term is next present: absent terms' memory rests."""
        over = memory["epoch"] != epoch if self.window is None else memory["count"] >= self.window
        closes = ops.logical_and(ops.logical_and(present, over), memory["count"] > 0)
        return {
            "mean": memory["mean"],
            "count": ops.where(closes, ops.zeros_like(memory["count"]), memory["count"]),
            "epoch": ops.where(present, epoch, memory["epoch"]),
            "last": ops.where(closes, memory["mean"], memory["last"]),
            "before_last": ops.where(closes, memory["last"], memory["before_last"]),
            "complete": ops.where(closes, memory["complete"] + 1, memory["complete"]),
        }


def _enter(memory: State, losses: Array, present: Array) -> State:
    counted = memory["count"] + 1
    share = 1.0 / ops.cast(counted, losses.dtype)
    # The first loss of a window stands alone: what the last window left behind is multiplied by exactly 0.
    mean = memory["mean"] * (1.0 - share) + losses * share
    return {
        **memory,
        "mean": ops.where(present, mean, memory["mean"]),
        "count": ops.where(present, counted, memory["count"]),
    }
