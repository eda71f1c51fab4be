"""Tchebycheff scalarisation: the worst term alone."""

from __future__ import annotations

from keras import ops

from .._core.linalg import epsilon
from .._core.registry import register
from .._core.typing import Array
from ._ideal_distance import IdealDistance, worst


@register(
    "tchebycheff",
    properties=("non_negative", "permutation_equivariant", "scale_invariant", "deterministic"),
    cases=({}, {"warmup_epochs": 0}),
)
class Tchebycheff(IdealDistance):
    """The largest of the losses' distances from their ideals: the worst term alone is trained in each step.

    Minimises max_i lambda_i f_i, so that the worst term has the weight lambda_i df_i / dL_i and the others 0; terms
    that are the worst together share it. The value is logged as `objective`. The worst term changes from step to step
    and all others stand still meanwhile, so `SmoothTchebycheff` learns faster; this is its limit for mu near 0.

    With `warmup_epochs=0`, f_i = L_i - z_i, in the units of the losses: give the terms a `scale`, or the largest unit
    is the worst term for ever. With `warmup_epochs=n` (default 1) units do not matter: the first n epochs minimise
    sum_i lambda_i log L_i and keep the mean loss N_i over the last of them; after that f_i = log(L_i / N_i). With z_i
    given, L_i - z_i and N_i - z_i stand in the place of L_i and N_i. Epochs come from `fit`; in a loop of your own,
    count them in `Signals.epoch`, or the warm-up never ends.

    Needs the losses. One backward pass. A term whose loss is not above z_i has no logarithm: with a warm-up, it gets
    the weight 0 in that step.

    Args:
        preferences: lambda; None (default) for ones, one number for all, or a sequence of K positive numbers.
        reference: z, the ideal losses, in the units of the scaled losses; None (default) for zeros, or as above, of
            either sign.
        warmup_epochs: n, an integer, at least 0.
        normalize: `"sum_to_k"` (default), or `"none"` for the derivative of the objective.

    Raises:
        ValueError: for an argument outside its range; when K numbers meet another number of terms.

    Example:
        >>> import numpy as np
        >>> from multiloss import Signals
        >>> from multiloss.weighting import Tchebycheff
        >>> balancer = Tchebycheff(preferences=[4.0, 1.0], warmup_epochs=0)
        >>> signals = Signals(losses=np.array([1.0, 3.0], "float32"), present=np.array([True, True]))
        >>> weights, _ = balancer.weights(signals, balancer.init(2))
        >>> [round(float(weight), 4) for weight in weights]
        [2.0, 0.0]
    """

    def combine(self, scores: Array, counts: Array) -> tuple[Array, Array]:
        """The largest score, and equal shares for the terms that have it, up to rounding."""
        largest = worst(scores, counts)
        nearly = largest - 4.0 * epsilon(scores) * ops.abs(largest)
        ties = ops.cast(ops.logical_and(counts, scores >= nearly), scores.dtype)
        number = ops.sum(ties)
        return largest, ties / ops.where(number > 0, number, ops.ones_like(number))
