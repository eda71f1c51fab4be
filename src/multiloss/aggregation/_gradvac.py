"""GradVac: gradients that are less alike than they used to be are turned towards each other."""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import ops

from .._core.balancer import Signals
from .._core.linalg import correlation, epsilon, filled, product, to_float
from .._core.memory import recall, remember
from .._core.registry import register
from .._core.typing import Array, State, Weights
from ._norms import check_decay
from ._projection_order import PairwiseAggregator

# No gradient is turned closer to another than this cosine, for which it grows to 7 times its length; none grows beyond
# this many times its length by being turned again and again.
CLOSEST, LONGEST = 0.99, 1e6


@register(
    "gradvac",
    paper="arXiv:2010.05874",
    properties=("non_negative", "scale_invariant"),
    cases=({}, {"order": "fixed", "decay": 0.5}),
)
class GradVac(PairwiseAggregator):
    """Gradient vaccine: turn each gradient towards those to which it has a smaller cosine than it used to, and add up.

    For each i, in an order of its own over the others: with c = cos(g_i', g_j) and the target t_ij, where c < t_ij,
    g_i' <- g_i' + a g_j with a = |g_i'| (t_ij sqrt(1 - c^2) - c sqrt(1 - t_ij^2)) / (|g_j| sqrt(1 - t_ij^2)), after
    which the cosine is t_ij. Then t_ij <- d t_ij + (1 - d) c, from 0. The gradients g_j are the original ones; the
    update is the sum of the g_i'. While the targets are 0, in the first step, this is `PCGrad`; later, gradients that
    do not conflict are brought together too.

    Needs the Gramian: K backward passes. Cost of the weights: K steps on K x K arrays. Remembers K x K cosines; those
    of a term that is absent rest.

    Args:
        order: `"random"` (default), as published: each gradient meets the others in a random order, drawn anew in each
            step; `"fixed"`: in the order of the terms, which needs no noise and favours the last ones.
        decay: d, the memory of the cosines, in [0, 1): 0.99 as published; re-implementations have 0.5.
        normalize: `"sum_to_k"` (default), or `"none"` for the sum of the turned gradients, as published.

    Raises:
        ValueError: for an unknown `order`, or a `decay` outside [0, 1).

    Example:
        >>> import numpy as np
        >>> from multiloss import Signals
        >>> from multiloss.aggregation import GradVac
        >>> balancer = GradVac(order="fixed", decay=0.5, normalize="none")
        >>> state = balancer.init(2)
        >>> for cosine in (0.8, 0.0):
        ...     gramian = np.array([[1.0, cosine], [cosine, 1.0]])
        ...     signals = Signals(np.ones(2), np.array([True, True]), gramian=gramian)
        ...     weights, state = balancer.weights(signals, state)
        >>> [round(float(weight), 3) for weight in weights]  # 1 + 0.4 / sqrt(1 - 0.4^2)
        [1.436, 1.436]

    Differs from the official form: one group of all measured variables, not one for each layer; a gradient is never
    turned to itself; targets are held at cosines up to 0.99, as the addition grows without limit towards 1; a gradient
    that the projections have brought to nothing has no cosine, and leaves its targets; a zero gradient is left out.

    Reference: Wang, Tsvetkov, Firat and Cao, "Gradient vaccine: investigating and improving multi-task optimization in
    massively multilingual models", ICLR 2021, arXiv:2010.05874.
    """

    def __init__(
        self,
        order: str = "random",
        decay: float = 0.99,
        **common: Any,
    ):
        super().__init__(order, **common)
        self.decay = check_decay(decay)

    def init(self, num_terms: int) -> State:
        """The target cosines: row i holds those of g_i' to the others."""
        return {"cosines": np.zeros((num_terms, num_terms), "float32")}

    def raw_weights(self, signals: Signals, state: State) -> tuple[Weights, State]:
        """The weights of the original gradients in the sum of the turned ones."""
        gramian = to_float(signals.gramian)
        terms = gramian.shape[-1]
        present = self.present(signals)
        cosines, lengths = correlation(gramian, present)
        identity = ops.eye(terms, dtype=cosines.dtype)
        targets = recall(state, cosines.dtype)["cosines"]
        meets = ops.logical_and(ops.logical_and(present[:, None], present[None, :]), identity == 0)
        target, order = ops.clip(targets, -CLOSEST, CLOSEST), self.projection_order(signals, terms)
        start = (identity, targets, target, cosines, meets, order)
        mixed, seen, *_ = ops.fori_loop(0, terms, _meet, start)
        after = ops.where(meets, self.decay * targets + (1.0 - self.decay) * seen, targets)
        rows = ops.where(present, lengths, ops.zeros_like(lengths))
        return product(rows[None], mixed)[0] / lengths, remember({"cosines": after}, state)


def _meet(index: Array, state: tuple[Array, ...]) -> tuple[Array, ...]:
    """Row i of `mixed` holds g_i' in units of the unit gradients; it meets the term order[i, index]."""
    mixed, seen, target, cosines, meets, order = state
    met = ops.logical_and(order[:, index][:, None] == ops.arange(mixed.shape[-1], dtype="int32"), meets)
    products = product(mixed, cosines)
    squares = ops.relu(ops.sum(products * mixed, axis=-1, keepdims=True))
    lengths = ops.sqrt(squares)
    # Without dividing by the length of g_i', which the projections may have brought to nothing.
    across = ops.sqrt(ops.relu(squares - products * products))
    added = across * target / ops.sqrt(1.0 - target * target) - products
    turns = ops.logical_and(met, products < target * lengths)
    mixed_after = mixed + ops.where(turns, ops.relu(added), ops.zeros_like(added))
    # Shorter than the rounding of the sum that it is: such a vector has no direction.
    size = ops.sum(ops.abs(mixed), axis=-1, keepdims=True)
    directed = squares > 64.0 * epsilon(mixed) * size * size
    cosine = products / ops.where(directed, lengths, ops.ones_like(lengths))
    seen = ops.where(ops.logical_and(met, directed), ops.hard_tanh(cosine), seen)
    size_after = ops.sum(ops.abs(mixed_after), axis=-1, keepdims=True)
    shrink = LONGEST / ops.where(size_after > LONGEST, size_after, filled(size_after, LONGEST))
    return mixed_after * shrink, seen, target, cosines, meets, order
