"""One meaning of weight normalisation for every balancer."""

from __future__ import annotations

from keras import ops

from .typing import Presence, Weights

NORMALIZATIONS = ("sum_to_k", "none")


def normalize_weights(weights: Weights, present: Presence, mode: str) -> Weights:
    """Zeroes the absent entries and, for `"sum_to_k"`, makes the absolute values sum to the number of present ones.

    w_i <- w_i * K / sum_j |w_j|, with K the number of present terms. All-zero weights (a method that found no
    direction) stay zero.

    Args:
        weights: shape `(K,)`.
        present: shape `(K,)`, bool.
        mode: `"sum_to_k"` or `"none"`.
    """
    none = ops.zeros_like(weights)
    weights = ops.where(present, weights, none)
    if mode == "none":
        return weights
    # Divide by the largest first: sums of float32 weights near the overflow limit must not become inf.
    largest = ops.max(ops.abs(weights))
    unit = weights / largest
    count = ops.sum(ops.cast(present, weights.dtype))
    return ops.where(largest == 0, none, unit * (count / ops.sum(ops.abs(unit))))
