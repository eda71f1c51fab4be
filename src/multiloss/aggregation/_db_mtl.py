"""DB-MTL: the gradients of the log-losses, all stretched to the length of the longest."""

from __future__ import annotations

import math
from typing import ClassVar

from keras import ops

from .._core.aggregator import Aggregator
from .._core.balancer import Needs, Signals
from .._core.registry import register
from .._core.typing import State, Weights
from ._norms import SMALLEST, largest_of, norms_of

# A loss below this counts as this: the longest log-gradient over the shortest then stays finite in float32.
LEAST_LOSS = 1e-25


@register(
    "db_mtl",
    paper="arXiv:2308.12029",
    properties=(
        "non_negative",
        "permutation_equivariant",
        "scale_invariant",
        "term_scale_invariant",
        "stateless",
        "deterministic",
    ),
)
class DBMTL(Aggregator):
    """Dual balancing: logarithms level the losses, and all their gradients get the length of the longest.

    With n_i the norm of term i's gradient, that of log L_i has the norm m_i = n_i / L_i, and
    w_i = (max_j m_j / m_i) / L_i. The losses cancel but for the common length: w_i = max_j(n_j / L_j) / n_i. Under
    `normalize="sum_to_k"` the weights are the inverse norms, so that every term has an equal share in the update, and
    the losses do not matter; under `"none"` the length of the update follows the fastest log-loss.

    The norms are those of the current batch, without memory: a batch in which one gradient nearly vanishes weighs that
    term up a lot. `EncodecBalancer` has the same balance with averaged norms.

    Needs the gradient norms: K backward passes, or K short ones with `wrt`. Under `"none"`, needs positive losses: one
    that is not, or that was not given, is left out of the maximum; where there is none, all losses count as 1.

    Args:
        normalize: `"sum_to_k"` (default), or `"none"` for the published weights.

    Example:
        >>> from multiloss.aggregation import DBMTL, aggregate
        >>> vector = aggregate([[10.0, 0.0], [0.0, 1.0]], DBMTL(normalize="none"), losses=[2.0, 1.0])
        >>> [round(float(entry), 4) for entry in vector]
        [5.0, 5.0]

    Differs from the official code: this is its form with forgetting rate beta = 0, which needs no K x P memory of
    averaged gradients; no 1e-8 is added to losses and norms, so that their units do not matter; the weights are those
    that are logged, where a common re-implementation logs ones; a term without a gradient is left out.

    Reference: Lin et al., "Dual-balancing for multi-task learning", 2023, arXiv:2308.12029.
    """

    needs: ClassVar[Needs] = Needs.NORMS

    def raw_weights(self, signals: Signals, state: State) -> tuple[Weights, State]:
        """The length of the longest log-gradient over each term's norm."""
        present = self.present(signals)
        norms = norms_of(signals, present)
        losses = ops.cast(signals.losses, norms.dtype)
        longest = largest_of(norms, present)
        relative = norms / ops.where(longest > 0, longest, ops.ones_like(longest))
        usable = ops.logical_and(present, losses > 0)
        slopes = relative / ops.clip(ops.where(usable, losses, ops.ones_like(losses)), LEAST_LOSS, math.inf)
        fastest = largest_of(slopes, ops.where(ops.any(usable), usable, present))
        return ops.clip(fastest, SMALLEST, math.inf) / relative, state
