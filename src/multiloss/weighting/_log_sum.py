"""The sum of the logarithms of the losses."""

from __future__ import annotations

from keras import ops

from .._core.balancer import Signals
from .._core.linalg import to_float
from .._core.registry import register
from .._core.typing import Array, State, Weights
from ._logarithm import LogarithmBalancer


@register(
    "log_sum",
    properties=("non_negative", "scale_invariant", "term_scale_invariant", "stateless", "deterministic"),
    cases=({}, {"powers": [2.0, 1.0]}),
)
class LogSum(LogarithmBalancer):
    """The sum of the losses' logarithms: every term counts by its relative change, whatever its unit.

    Minimises sum_i p_i log L_i over the terms present, so that w_i = p_i / L_i. Under `normalize="sum_to_k"` the
    combined gradient has the direction of `GeometricMean`'s; `Uncertainty` comes to the same after its log-variances
    have settled, with less noise. The sum is logged as `objective`; it may well be negative.

    The weights follow the loss of each single batch, so a term whose loss comes near 0 takes nearly all the weight:
    `Smoothed("log_sum")` is calmer. A loss that is 0 or negative has no logarithm. Such a term gets the weight 0 in
    that step, unless no term has a logarithm: then w_i = p_i. Shift a loss that can be negative above 0.

    Needs the losses, which should be positive. One backward pass.

    Args:
        powers: None (default) for ones, one number for all, or a sequence of K positive numbers p in the order of the
            terms.
        normalize: `"sum_to_k"` (default), or `"none"` for the derivative of the sum.

    Raises:
        ValueError: for a power that is not positive; when K powers meet another number of terms.

    Example:
        >>> import numpy as np
        >>> from multiloss import Signals
        >>> from multiloss.weighting import LogSum
        >>> signals = Signals(losses=np.array([1.0, 0.25], "float32"), present=np.array([True, True]))
        >>> weights, _ = LogSum(normalize="none").weights(signals, {})
        >>> [round(float(weight), 4) for weight in weights]
        [1.0, 4.0]
    """

    def raw_weights(self, signals: Signals, state: State) -> tuple[Weights, State]:
        """p_i / L_i."""
        powers, sizes, _ = self.parts(signals)
        return powers / sizes, state

    def objective(self, signals: Signals, state: State) -> Array:
        """The sum of the logarithms over the present terms; without any logarithm, of the losses."""
        powers, sizes, some = self.parts(signals)
        return ops.sum(powers * ops.where(some, ops.log(sizes), to_float(signals.losses)))
