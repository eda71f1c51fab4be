"""IMTL-L: the loss half of impartial multi-task learning."""

from __future__ import annotations

from typing import ClassVar

from keras import ops

from .._core.registry import register
from .._core.typing import Array
from ._learned_variance import LearnedVariance


@register(
    "imtl_l",
    paper="Liu et al., ICLR 2021",
    properties=("non_negative", "permutation_equivariant", "deterministic"),
)
class IMTLL(LearnedVariance):
    """Learns a scale for each term that brings every weighted loss to 1: uncertainty weighting in other letters.

    Minimises sum_i exp(s_i) L_i - s_i over the model and over s. The weight is the derivative by the loss,
    w_i = exp(s_i); at rest it is 1 / L_i. With s = -log-variance this is twice the objective of `Uncertainty`, so that
    `IMTLL(learning_rate=a)` and `Uncertainty(learning_rate=2 * a)` give the same weights under `normalize="sum_to_k"`.
    The objective is logged as `objective`; it may well be negative.

    The balancer steps s itself, away from the user's optimizer and its weight decay:
    s_i <- s_i + learning_rate (1 - exp(s_i) L_i), the bracket clipped to [-10, 1]. The state holds -s.

    Needs the losses, which must not be negative: a negative loss drives s to its upper bound. One backward pass.

    Args:
        learning_rate: the step on s.
        clamp: s stays in [-clamp, clamp], so that a loss that reaches 0 does not take an infinite weight.
        normalize: `"sum_to_k"` (default), or `"none"` for the published weights.

    Raises:
        ValueError: for a learning rate or clamp that is not positive.

    Example:
        >>> import numpy as np
        >>> from multiloss import Signals
        >>> from multiloss.weighting import IMTLL
        >>> balancer = IMTLL(normalize="none")
        >>> signals = Signals(losses=np.array([1.0, 0.01], "float32"), present=np.array([True, True]))
        >>> state = balancer.init(2)
        >>> for _ in range(400):
        ...     weights, state = balancer.weights(signals, state)
        >>> [round(float(weight), 1) for weight in weights]
        [1.0, 100.0]

    Differs from the official code: s is stepped here and not by the user's optimizer, and is clamped; s and the weights
    of a step are those before the update.

    Reference: Liu et al., "Towards impartial multi-task learning", ICLR 2021.
    """

    steepest: ClassVar[float] = 1.0

    def factors(self, num_terms: int) -> list[float]:
        """One for every term."""
        return [1.0] * num_terms

    def penalty(self, s: Array) -> tuple[Array, Array]:
        """The log-variance itself, which is the paper's -s."""
        return s, ops.ones_like(s)
