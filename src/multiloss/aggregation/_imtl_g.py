"""IMTL-G: the direction that has the same projection on every gradient."""

from __future__ import annotations

from keras import ops

from .._core.aggregator import Aggregator
from .._core.balancer import Signals
from .._core.linalg import correlation, to_float
from .._core.registry import register
from .._core.solvers import apply_power, spectrum
from .._core.typing import State, Weights


@register(
    "imtl_g",
    aliases=("imtl",),
    paper="Liu et al., ICLR 2021",
    properties=(
        "permutation_equivariant",
        "scale_invariant",
        "term_scale_invariant",
        "stateless",
        "deterministic",
    ),
)
class IMTLG(Aggregator):
    """Impartial learning by gradients: the update advances as far along each of the unit gradients.

    With u_i = g_i / |g_i| and C_ij = u_i.u_j: w_i = y_i / |g_i|, y = C^+ 1, so that u_i.d is the same positive number
    for every term. The lengths of the gradients, and so the units of the losses, do not touch the direction. A weight
    is negative where a gradient has to be subtracted to even out the projections.

    Where the gradients are linearly dependent, no direction need have equal projections: d then comes closest to them,
    in the sense of least squares, and may harm a term. Where nothing is left of it, as for two opposing gradients, all
    weights are 0. Gradients count as dependent when an eigenvalue of C is below 4 K roundings of the largest one, so
    that float32 takes two that oppose each other to 0.1 degree as opposing.

    Needs the Gramian: K backward passes. Cost of the weights: one K x K eigenvalue problem.

    Args:
        normalize: `"sum_to_k"` (default), or `"none"` for absolute values that sum to 1.

    Example:
        >>> from multiloss.aggregation import IMTLG, aggregate
        >>> vector = aggregate([[2.0, 0.0], [0.0, 1.0]], IMTLG(normalize="none"))
        >>> [round(float(entry), 4) for entry in vector]
        [0.6667, 0.6667]

    Differs from the official code: divided by the sum of the absolute weights, not by that of the weights, which is the
    same while none is negative; where weights cancel in that sum, the official update grows without bound, and beyond
    it turns uphill for every term. Dependent and zero gradients have a result, where the inverse has none.

    Reference: Liu et al., "Towards impartial multi-task learning", ICLR 2021.
    """

    def raw_weights(self, signals: Signals, state: State) -> tuple[Weights, State]:
        """The weights of equal projections."""
        present = self.present(signals)
        cosines, lengths = correlation(to_float(signals.gramian), present)
        ones = ops.cast(present, cosines.dtype)
        weights = apply_power(*spectrum(cosines), -1.0, ones) / lengths
        total = ops.sum(ops.abs(weights))
        return weights / ops.where(total > 0, total, ops.ones_like(total)), state
