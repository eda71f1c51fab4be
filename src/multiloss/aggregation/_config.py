"""ConFIG: the direction of equal cosines, as long as all gradients reach along it together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from keras import ops

from .._core.balancer import Signals
from .._core.linalg import correlation, epsilon, product, relative, to_float
from .._core.registry import register
from .._core.solvers import apply_power, spectrum
from .._core.typing import State, Weights
from ._preferences import PreferenceAggregator

# A total projection below this many roundings, times K, of its parts' absolute values has no sign to be trusted.
SIGN = 64.0


@register(
    "config",
    paper="arXiv:2408.11104",
    properties=("scale_invariant", "stateless", "deterministic"),
    cases=({}, {"preferences": [3.0, 1.0]}),
)
class ConFIG(PreferenceAggregator):
    """Conflict-free inverse gradients: cosines with the gradients in given proportions, p_i.

    With u_i = g_i / |g_i|, C_ij = u_i.u_j, y = C^+ p and v the unit vector along sum_i y_i u_i, the update is
    (sum_i g_i.v) v. For independent gradients u_i.v is proportional to p_i > 0, so that no term gets worse; with equal
    preferences, it has the direction of `IMTLG`. Its length falls with the conflict. A weight may be negative.

    Where the gradients are linearly dependent, v comes closest to such cosines, in the sense of least squares, and may
    harm a term. Where nothing is left of it, as for two opposing gradients, all weights are 0. Gradients count as
    dependent when an eigenvalue of C is below 4 K roundings of the largest one.

    Needs the Gramian: K backward passes. Cost of the weights: one K x K eigenvalue problem.

    Args:
        preferences: p; None (default) for ones, or a sequence of K positive numbers in the order of the terms.
        normalize: `"sum_to_k"` (default), which keeps the direction alone, or `"none"` for the published length.

    Raises:
        ValueError: for a preference that is not a positive number; when K preferences meet another number of terms.

    Example:
        >>> from multiloss.aggregation import ConFIG, aggregate
        >>> vector = aggregate([[2.0, 0.0], [0.0, 1.0]], ConFIG(normalize="none"))
        >>> [round(float(entry), 4) for entry in vector]
        [1.5, 1.5]

    Differs from the official code: computed from the Gramian, without the pseudo-inverse of a K x P matrix; a zero
    gradient is left out, where the short form for two terms gives NaN.

    Reference: Liu, Chu and Thuerey, "ConFIG: Towards conflict-free training of physics informed neural networks", ICLR
    2025, arXiv:2408.11104.
    """

    def __init__(
        self,
        preferences: Sequence[float] | None = None,
        **common: Any,
    ):
        super().__init__(preferences=preferences, **common)

    def raw_weights(self, signals: Signals, state: State) -> tuple[Weights, State]:
        """The weights of the update, with its length."""
        present = self.present(signals)
        cosines, lengths = correlation(to_float(signals.gramian), present)
        along = apply_power(*spectrum(cosines), -1.0, self.preferred(signals))
        reached = product(cosines, along[:, None])[:, 0]
        # Only ratios of lengths count here: their squares may be too large for float32.
        sizes, longest = relative(lengths, present)
        length = ops.sum(sizes * reached)
        rounding = SIGN * lengths.shape[0] * epsilon(lengths)
        signed = ops.abs(length) > rounding * ops.sum(sizes * ops.abs(reached))
        square = ops.sum(along * reached)
        factor = ops.where(signed, length, ops.zeros_like(length)) / ops.where(
            square > 0, square, ops.ones_like(square)
        )
        return along * (longest / lengths) * factor, state
