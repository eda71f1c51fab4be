"""PCGrad: each gradient loses its component along every gradient that it conflicts with."""

from __future__ import annotations

from keras import ops

from .._core.balancer import Signals
from .._core.linalg import correlation, one_hot, product, to_float
from .._core.registry import register
from .._core.typing import Array, State, Weights
from ._projection_order import PairwiseAggregator


@register(
    "pcgrad",
    paper="arXiv:2001.06782",
    properties=("non_negative", "scale_invariant", "stateless"),
    cases=({}, {"order": "fixed"}),
)
class PCGrad(PairwiseAggregator):
    """Gradient surgery: project each gradient on the normal plane of those that it conflicts with, and add up.

    For each i, in an order of its own over the others: where g_i'.g_j < 0, g_i' <- g_i' - (g_i'.g_j / |g_j|^2) g_j. The
    gradients g_j are the original ones. The update is the sum of the g_i'. For two terms it conflicts with neither; for
    three or more a later projection may bring back a conflict with an earlier one.

    Needs the Gramian: K backward passes. Cost of the weights: K steps on a K x K array.

    Args:
        order: `"random"` (default), as published: each gradient meets the others in a random order, drawn anew in each
            step; `"fixed"`: in the order of the terms, which needs no noise and favours the last ones.
        normalize: `"sum_to_k"` (default), or `"none"` for the sum of the projected gradients, as published.

    Example:
        >>> from multiloss.aggregation import PCGrad, aggregate
        >>> vector = aggregate([[1.0, 0.0], [-1.0, 1.0]], PCGrad(normalize="none"))
        >>> [round(float(entry), 4) for entry in vector]
        [0.5, 1.5]

    Differs from the official code: a gradient is never projected on itself; the order really is random (there, the
    shuffled list is thrown away); a zero gradient is left out instead of giving 0/0.

    Reference: Yu et al., "Gradient surgery for multi-task learning", NeurIPS 2020, arXiv:2001.06782.
    """

    def raw_weights(self, signals: Signals, state: State) -> tuple[Weights, State]:
        """The weights of the original gradients in the sum of the projected ones."""
        gramian = to_float(signals.gramian)
        terms = gramian.shape[-1]
        present = self.present(signals)
        cosines, lengths = correlation(gramian, present)
        identity = ops.eye(terms, dtype=cosines.dtype)
        # Everything travels in the loop's state: JAX then finds the compiled loop again, eagerly too.
        order = self.projection_order(signals, terms)
        mixed, _, _ = ops.fori_loop(0, terms, _meet, (identity, cosines, order))
        rows = ops.where(present, lengths, ops.zeros_like(lengths))
        return product(rows[None], mixed)[0] / lengths, state


def _meet(index: Array, state: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
    """Row i of `mixed` holds g_i' in units of the unit gradients; it meets the term order[i, index]."""
    mixed, cosines, order = state
    met = one_hot(order[:, index], mixed.shape[-1], mixed.dtype)
    products = ops.sum(product(mixed, cosines) * met, axis=-1, keepdims=True)
    others = 1.0 - ops.eye(mixed.shape[-1], dtype=mixed.dtype)
    return mixed + ops.relu(-products) * met * others, cosines, order
