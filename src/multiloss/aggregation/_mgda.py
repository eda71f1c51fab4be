"""MGDA: the shortest vector in the convex hull of the gradients."""

from __future__ import annotations

from .._core.aggregator import Aggregator
from .._core.balancer import Signals
from .._core.linalg import to_float
from .._core.registry import register
from .._core.solvers import min_norm_point
from .._core.typing import State, Weights


@register(
    "mgda",
    paper="arXiv:1810.04650",
    properties=(
        "non_negative",
        "non_conflicting",
        "stops_when_stationary",
        "permutation_equivariant",
        "scale_invariant",
        "stateless",
        "deterministic",
    ),
)
class MGDA(Aggregator):
    """Multiple-gradient descent: the combination of the gradients with the smallest norm.

    w = argmin over w >= 0, sum w = 1 of ||sum_i w_i g_i||^2; for two terms w_1 = clip((G_22 - G_12) / (G_11 + G_22 -
    2 G_12), 0, 1). The result is a descent direction for every term, or 0 where the point is Pareto-stationary.

    The shortest gradient dominates: a term that is nearly solved, or one in small units, takes most of the weight.
    Bring the terms to comparable sizes first, with `scale=` or `loss_weights`.

    Needs the Gramian: K backward passes. Cost of the weights: for up to 8 terms, one factorisation of 2^K systems of
    size K x K; beyond, 22 solves of one K x K system in float32.

    Args:
        normalize: `"sum_to_k"` (default), or `"none"` for weights that sum to 1, as published.

    Example:
        >>> from multiloss.aggregation import MGDA, aggregate
        >>> vector = aggregate([[2.0, 0.0], [0.0, 1.0]], MGDA(normalize="none"))
        >>> [round(float(entry), 4) for entry in vector]
        [0.4, 0.8]

    Differs from the official code: the problem is solved to the end for every K, not by Frank-Wolfe steps; a term
    without a gradient is left out, where it would otherwise turn the whole update to 0; the gradients are not
    normalised beforehand (its option `normalization_type`): use `scale=`.

    Reference: Désidéri, "Multiple-gradient descent algorithm", Comptes Rendus Mathématique 2012; Sener and Koltun,
    "Multi-task learning as multi-objective optimization", NeurIPS 2018, arXiv:1810.04650.
    """

    def raw_weights(self, signals: Signals, state: State) -> tuple[Weights, State]:
        """The point of the simplex with the smallest norm."""
        return min_norm_point(to_float(signals.gramian), self.present(signals)), state
