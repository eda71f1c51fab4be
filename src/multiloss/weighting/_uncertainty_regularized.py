"""Uncertainty weighting with a penalty that is never negative."""

from __future__ import annotations

from typing import ClassVar

from keras import ops

from .._core.registry import register
from .._core.typing import Array
from ._learned_variance import LearnedVariance


@register(
    "uncertainty_regularized",
    aliases=("ruw",),
    paper="arXiv:1805.06334",
    properties=("non_negative", "permutation_equivariant", "deterministic"),
)
class UncertaintyRegularized(LearnedVariance):
    """Learns a variance for each term, with a penalty that keeps the objective above 0: milder than `Uncertainty`.

    Minimises sum_i exp(-s_i) L_i / 2 + log(1 + exp(s_i)) over the model and over s, where exp(s_i) is the c_i^2 of the
    paper. The weight is the derivative by the loss, w_i = exp(-s_i) / 2. At rest it is about 1 / sqrt(2 L_i) for small
    losses, where `Uncertainty` has 1 / (2 L_i): a loss that falls towards 0 gains weight more slowly. For large losses
    it is about 1 / L_i. The objective is logged as `objective`; it is positive for losses that are not negative.

    The balancer steps s itself, away from the user's optimizer and its weight decay:
    s_i <- s_i - learning_rate (sigmoid(s_i) - exp(-s_i) L_i / 2), the slope clipped to [-10, 1]. The pull towards small
    s fades as s falls: with the default 0.05, a loss of 0.01 has nine tenths of its weight after about 450 steps.

    Needs the losses, which must not be negative: a negative loss drives s to its lower bound. One backward pass.

    Args:
        learning_rate: the step on s.
        clamp: s stays in [-clamp, clamp], so that a loss that reaches 0 does not take an infinite weight.
        normalize: `"sum_to_k"` (default), or `"none"` for the published weights.

    Raises:
        ValueError: for a learning rate or clamp that is not positive.

    Example:
        >>> import numpy as np
        >>> from multiloss import Signals
        >>> from multiloss.weighting import UncertaintyRegularized
        >>> balancer = UncertaintyRegularized(learning_rate=0.5, normalize="none")
        >>> signals = Signals(losses=np.array([1.0, 0.01], "float32"), present=np.array([True, True]))
        >>> state = balancer.init(2)
        >>> for _ in range(200):
        ...     weights, state = balancer.weights(signals, state)
        >>> [round(float(weight), 1) for weight in weights]
        [0.5, 6.8]

    Differs from the paper: s is learned in the place of c, which could pass through 0; s is stepped here and not by the
    user's optimizer, and is clamped; s and the weights of a step are those before the update.

    Reference: Liebel and Körner, "Auxiliary tasks in multi-task learning", 2018, arXiv:1805.06334.
    """

    steepest: ClassVar[float] = 1.0

    def factors(self, num_terms: int) -> list[float]:
        """One half for every term."""
        return [0.5] * num_terms

    def penalty(self, s: Array) -> tuple[Array, Array]:
        """log(1 + exp(s))."""
        return ops.softplus(s), ops.sigmoid(s)
