"""Dynamic task priority: the terms whose metric is still poor weigh the most."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from keras import ops

from .._core.balancer import Balancer, Needs, Signals
from .._core.errors import invalid
from .._core.linalg import filled, to_float
from .._core.memory import recall, remember
from .._core.registry import register
from .._core.typing import Array, State, Weights
from ._present import count

# Below it the logarithm says nothing more: a metric of 0 weighs as one of 0.001.
LEAST_KPI = 1e-3


@register(
    "dynamic_task_priority",
    aliases=("dtp",),
    paper="Guo, Haque, Huang, Yeung and Fei-Fei, ECCV 2018",
    properties=("non_negative", "permutation_equivariant", "scale_invariant", "deterministic"),
    cases=({"monitors": ["first", "second"]}, {"monitors": ["first", "second"], "gamma": 2.0, "decay": 0.0}),
)
class DynamicTaskPriority(Balancer):
    """Weighs each term by how far its metric is from 1, as the focal loss weighs samples: the hard tasks first.

    w_i = -(1 - k_i)^gamma log k_i, where k_i is the smoothed metric (key performance indicator) of the term:
    k <- decay k + (1 - decay) x, once in an epoch, with x the last value of the epoch log that `monitors` names, held
    in [0.001, 1]. The metric must be one that grows to 1, such as an accuracy, a Dice or an R^2 score; an error that
    falls to 0 cannot be used.

    The log of one epoch counts in the next. A new value enters when the epoch is another one than the term's last, or
    the value is (so also where `fit` is called for one epoch at a time). Until its metric is known a term gets the mean
    weight: the first epoch is uniform. A solved task keeps the weight `floor`, so that it is not switched off and
    forgotten.

    Needs the epoch logs, no losses: their units do not matter. One backward pass.

    Args:
        monitors: K names of epoch logs in the order of the terms, such as `["val_label_accuracy", "val_mask_dice"]`;
            required.
        gamma: the focus, at least 0; larger gives more of the weight to the worst.
        decay: the memory of the metric over epochs, in [0, 1).
        floor: the least weight, positive.
        normalize: `"sum_to_k"` (default), or `"none"` for the published weights, at most 6.9.

    Raises:
        ValueError: for `monitors` that are missing or not one for each term, or a number outside its range.

    Example:
        >>> import numpy as np
        >>> from multiloss import Signals
        >>> from multiloss.weighting import DynamicTaskPriority
        >>> balancer = DynamicTaskPriority(["val_label_accuracy", "val_mask_dice"])
        >>> signals = Signals(np.ones(2, "float32"), np.array([True, True]), monitored=np.array([0.9, 0.6], "float32"))
        >>> weights, state = balancer.weights(signals, balancer.init(2))
        >>> [round(float(weight), 3) for weight in weights]
        [0.098, 1.902]

    Differs from the paper: the floor, and the bounds of the metric. The authors published no code; the defaults are
    this library's.

    Reference: Guo, Haque, Huang, Yeung and Fei-Fei, "Dynamic task prioritization for multitask learning", ECCV 2018.
    """

    needs: ClassVar[Needs] = Needs.LOSSES

    def __init__(
        self,
        monitors: Sequence[str] | None = None,
        gamma: float = 1.0,
        *,
        decay: float = 0.5,
        floor: float = 0.01,
        normalize: str = "sum_to_k",
    ):
        super().__init__(normalize)
        if isinstance(monitors, str) or not all(isinstance(name, str) for name in monitors or ()):
            raise invalid("`monitors` must be a sequence of names of epoch logs", received=monitors)
        if not (math.isfinite(gamma) and gamma >= 0):
            raise invalid("`gamma` must be a finite number, at least 0", received=gamma)
        if not 0.0 <= decay < 1.0:
            raise invalid("`decay` must be at least 0 and below 1", received=decay)
        if not (math.isfinite(floor) and floor > 0):
            raise invalid("`floor` must be a positive finite number", received=floor)
        self._monitors = None if monitors is None else list(monitors)
        self.gamma = float(gamma)
        self.decay = float(decay)
        self.floor = float(floor)

    def init(self, num_terms: int) -> State:
        """For each term: the smoothed metric, the last value and epoch that entered, and how many did."""
        self.monitors(num_terms)
        return {
            "kpi": np.zeros(num_terms, "float32"),
            "value": np.zeros(num_terms, "float32"),
            "epoch": np.zeros(num_terms, "int32"),
            "count": np.zeros(num_terms, "int32"),
        }

    def monitors(self, num_terms: int) -> tuple[str, ...]:
        """The names that were given, one for each term."""
        if self._monitors is None or len(self._monitors) != num_terms:
            raise invalid(
                f"DynamicTaskPriority needs `monitors` with one epoch log for each of the {num_terms} balanced terms",
                received=self._monitors,
                fix='Write DynamicTaskPriority(["val_label_accuracy", ...]), in the order of the terms.',
            )
        return tuple(self._monitors)

    def raw_weights(self, signals: Signals, state: State) -> tuple[Weights, State]:
        """The focal weights, after the metrics of the last epoch have entered."""
        losses = to_float(signals.losses)
        memory = recall(state, losses.dtype)
        present = ops.convert_to_tensor(signals.present)
        if signals.monitored is not None:
            # By way of float32, as it is remembered: the same value must compare equal.
            values = ops.cast(ops.cast(signals.monitored, "float32"), losses.dtype)
            memory = self._enter(memory, values, present, ops.cast(signals.epoch, "int32"))
        kpi = ops.clip(memory["kpi"], LEAST_KPI, 1.0)
        focal = -((1.0 - kpi) ** self.gamma) * ops.log(kpi)
        weights = ops.where(focal > self.floor, focal, filled(focal, self.floor))
        known = ops.logical_and(present, memory["count"] > 0)
        number = count(known, weights.dtype)
        total = ops.sum(ops.where(known, weights, ops.zeros_like(weights)))
        mean = ops.where(number > 0, total / ops.where(number > 0, number, ops.ones_like(number)), ops.ones_like(total))
        return ops.where(known, weights, mean), remember(memory, state)

    def _enter(self, memory: State, values: Array, present: Array, epoch: Array) -> State:
        is_known = ops.logical_and(present, ops.logical_not(ops.isnan(values)))
        is_first = memory["count"] == 0
        differs = ops.logical_or(memory["epoch"] != epoch, memory["value"] != values)
        enters = ops.logical_and(is_known, ops.logical_or(is_first, differs))
        bounded = ops.clip(values, LEAST_KPI, 1.0)
        smoothed = self.decay * memory["kpi"] + (1.0 - self.decay) * bounded
        return {
            "kpi": ops.where(enters, ops.where(is_first, bounded, smoothed), memory["kpi"]),
            "value": ops.where(enters, values, memory["value"]),
            "epoch": ops.where(enters, epoch, memory["epoch"]),
            "count": ops.where(enters, memory["count"] + 1, memory["count"]),
        }
