"""The geometric mean of the losses."""

from __future__ import annotations

from keras import ops

from .._core.balancer import Signals
from .._core.linalg import to_float
from .._core.registry import register
from .._core.typing import Array, State, Weights
from ._logarithm import LogarithmBalancer

# exp(80) is about 5e34: weights stay below the overflow limit of float32 where losses are 70 decades apart.
_WIDEST = 80.0


@register(
    "geometric_mean",
    aliases=("gls",),
    paper="Chennupati et al., CVPR Workshops 2019",
    properties=("non_negative", "scale_invariant", "term_scale_invariant", "stateless", "deterministic"),
    cases=({}, {"powers": [2.0, 1.0]}),
)
class GeometricMean(LogarithmBalancer):
    """The geometric mean of the losses: halving any one of them is worth the same, whatever its unit.

    Minimises G = (prod_i L_i^p_i)^(1/P), P = sum_i p_i, over the terms present. The weight is the derivative by the
    loss, w_i = (p_i / P) G / L_i. G is computed as exp(sum_i p_i log L_i / P), so that a product of many losses neither
    underflows nor overflows, and is logged as `objective`. Multiplying one loss by a number changes the length of the
    combined gradient, never its direction: it is that of `LogSum`.

    The weights follow the loss of each single batch, so a term whose loss comes near 0 takes nearly all the weight. A
    loss that is 0 or negative has no logarithm. Such a term gets the weight 0 in that step, unless no term has a
    logarithm: then w_i = p_i / P, the mean. Shift a loss that can be negative above 0.

    Needs the losses, which should be positive. One backward pass.

    Args:
        powers: None (default) for ones, or a sequence of K positive numbers p in the order of the terms; only their
            ratios count. The paper's focus on some of the tasks is a larger power for these.
        normalize: `"sum_to_k"` (default), or `"none"` for the published weights.

    Raises:
        ValueError: for a power that is not positive; when K powers meet another number of terms.

    Example:
        >>> import numpy as np
        >>> from multiloss import Signals
        >>> from multiloss.weighting import GeometricMean
        >>> signals = Signals(losses=np.array([1.0, 0.25], "float32"), present=np.array([True, True]))
        >>> weights, _ = GeometricMean(normalize="none").weights(signals, {})
        >>> [round(float(weight), 4) for weight in weights]
        [0.25, 1.0]

    Differs from the official code: none is published; common ports multiply the losses, which underflows, and give NaN
    for a loss of 0.

    Reference: Chennupati et al., "MultiNet++: multi-stream feature aggregation and geometric loss strategy for
    multi-task learning", CVPR Workshops 2019.
    """

    def raw_weights(self, signals: Signals, state: State) -> tuple[Weights, State]:
        """(p_i / P) G / L_i."""
        return self._evaluated(signals)[0], state

    def objective(self, signals: Signals, state: State) -> Array:
        """G over the present terms."""
        return self._evaluated(signals)[1]

    def _evaluated(self, signals: Signals) -> tuple[Weights, Array]:
        powers, sizes, some = self.parts(signals)
        logs = ops.log(sizes)
        total = ops.sum(powers)
        shares = powers / ops.where(total > 0, total, ops.ones_like(total))
        mean_log = ops.sum(shares * logs)
        weights = ops.where(some, shares * ops.exp(ops.clip(mean_log - logs, -_WIDEST, _WIDEST)), shares)
        return weights, ops.where(some, ops.exp(mean_log), ops.sum(shares * to_float(signals.losses)))
