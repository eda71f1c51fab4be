"""Smooth Tchebycheff scalarisation."""

from __future__ import annotations

from collections.abc import Sequence

from keras import ops

from .._core.registry import register
from .._core.typing import Array
from ._arguments import positive_number
from ._ideal_distance import IdealDistance, worst
from ._present import shares_of


@register(
    "smooth_tchebycheff",
    aliases=("stch",),
    paper="arXiv:2402.19078",
    properties=("non_negative", "permutation_equivariant", "deterministic"),
    cases=({}, {"mu": 0.3, "warmup_epochs": 0}),
)
class SmoothTchebycheff(IdealDistance):
    """A soft maximum of the losses' distances from their ideals: the worst term counts most, the others a little.

    Minimises mu log sum_i exp(lambda_i f_i / mu). The weight is its derivative by the loss,
    w_i = lambda_i softmax_i(lambda f / mu) df_i / dL_i. The value is logged as `objective`. Any Pareto-optimal point,
    on concave fronts too, is the minimum for some preferences lambda.

    With `warmup_epochs=0`, f_i = L_i - z_i, the paper's formula. It compares the losses in their units: give the terms
    a `scale`, or the largest unit is the worst term for ever.

    With `warmup_epochs=n` (default 1), the paper's recipe for multi-task learning, units do not matter: in the first n
    epochs sum_i lambda_i log L_i is minimised (`LogSum`), and the mean loss N_i over the last of them is kept. After
    that f_i = log(L_i / N_i), and the value is multiplied by K; with z_i given, L_i - z_i and N_i - z_i stand in the
    place of L_i and N_i. Then w_i is proportional to (L_i / N_i)^(1 / mu - 1) / N_i for lambda = 1. So at the published
    mu = 1 the weights are the constants 1 / N_i, a fixed scale for each term; a smaller mu follows the worst one.
    Epochs come from `fit`; in a loop of your own, count them in `Signals.epoch`, or the warm-up never ends.

    Needs the losses. One backward pass. A term whose loss is not above z_i has no logarithm: it gets the weight 0 in
    that step, as in `LogSum`. One that has no label in the whole warm-up takes its first loss for N_i.

    Args:
        preferences: lambda; None (default) for ones, one number for all, or a sequence of K positive numbers.
        reference: z, the ideal losses, in the units of the scaled losses; None (default) for zeros, or as above, of
            either sign.
        mu: the smoothness, positive; near 0 it is `Tchebycheff`.
        warmup_epochs: n, an integer, at least 0.
        normalize: `"sum_to_k"` (default), or `"none"` for the derivative of the objective.

    Raises:
        ValueError: for an argument outside its range; when K numbers meet another number of terms.

    Example:
        >>> import numpy as np
        >>> from multiloss import Signals
        >>> from multiloss.weighting import SmoothTchebycheff
        >>> balancer = SmoothTchebycheff(warmup_epochs=0, normalize="none")
        >>> signals = Signals(losses=np.array([1.0, 3.0], "float32"), present=np.array([True, True]))
        >>> weights, _ = balancer.weights(signals, balancer.init(2))
        >>> [round(float(weight), 4) for weight in weights]
        [0.1192, 0.8808]

    Differs from the official code: there the warm-up has 5 epochs and no preferences; training that goes on after the
    warm-up in a new process divides by zero, as the mean is not saved.

    Reference: Lin et al., "Smooth Tchebycheff scalarization for multi-objective optimization", ICML 2024,
    arXiv:2402.19078.
    """

    def __init__(
        self,
        preferences: float | Sequence[float] | None = None,
        reference: float | Sequence[float] | None = None,
        *,
        mu: float = 1.0,
        warmup_epochs: int = 1,
        normalize: str = "sum_to_k",
    ):
        super().__init__(preferences, reference, warmup_epochs=warmup_epochs, normalize=normalize)
        self.mu = positive_number("mu", mu)

    def combine(self, scores: Array, counts: Array) -> tuple[Array, Array]:
        """The soft maximum and the softmax; the largest score is taken away first, so that no mu overflows."""
        largest = worst(scores, counts)
        below = ops.where(counts, scores - largest, ops.zeros_like(scores)) / self.mu
        exponentials = ops.where(counts, ops.exp(below), ops.zeros_like(scores))
        total = ops.sum(exponentials)
        soft = largest + self.mu * ops.log(ops.where(total > 0, total, ops.ones_like(total)))
        return soft, shares_of(exponentials, counts)
