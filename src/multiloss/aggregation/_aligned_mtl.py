"""Aligned-MTL: the gradients, turned as little as possible until they are orthogonal and of one length."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from keras import ops

from .._core.balancer import Signals
from .._core.errors import invalid
from .._core.linalg import correlation, relative, to_float
from .._core.registry import register
from .._core.solvers import apply_power, spectrum
from .._core.typing import Array, State, Weights
from ._preferences import PreferenceAggregator

SCALE_MODES = ("min", "median", "rmse")


@register(
    "aligned_mtl",
    paper="Senushkin et al., CVPR 2023",
    properties=("scale_invariant", "stateless", "deterministic"),
    cases=(
        {},
        {"scale_mode": "median"},
        {"scale_mode": "rmse"},
        {"preferences": [3.0, 1.0]},
    ),
)
class AlignedMTL(PreferenceAggregator):
    """Aligns the principal components of the gradients: all are given one length, and none conflicts any more.

    With G = V S V', restricted to the eigenvalues that are not 0: w = s^(1/2) V S^(-1/2) V' p. The rows of
    S^(-1/2)-rescaled gradients are orthonormal, so their sum by p suits every term as far as p says. `scale_mode` says
    how long they are made. A weight may be negative; a gradient harmed a little is possible, as the original gradients
    are not orthogonal.

    Eigenvalues below 4 K roundings of the largest one count as 0: what a short gradient says next to one that is a
    thousand times longer is lost in float32. The rank, and with it the update, jumps there: bring the terms to
    comparable sizes first, with `scale=` or `loss_weights`. Where p has no part in the range of G, as for two opposing
    gradients of one length, all weights are 0.

    Needs the Gramian: K backward passes. Cost of the weights: one K x K eigenvalue problem.

    Args:
        scale_mode: s, of the eigenvalues that are not 0: `"min"` (default) the smallest, `"median"` the (lower) median,
            or `"rmse"` the mean. It changes the length of the update alone, and so nothing under the default
            `normalize`.
        preferences: p; None (default) for ones, or a sequence of K positive numbers in the order of the terms.
        normalize: `"sum_to_k"` (default), or `"none"` for the published length.

    Raises:
        ValueError: for an unknown `scale_mode`; for a preference that is not a positive number; when K preferences meet
            another number of terms.

    Example:
        >>> from multiloss.aggregation import AlignedMTL, aggregate
        >>> vector = aggregate([[2.0, 0.0], [0.0, 1.0]], AlignedMTL(normalize="none"))
        >>> [round(float(entry), 4) for entry in vector]
        [1.0, 1.0]

    Differs from the official code: the same; its threshold for the rank is a quarter as large, and a weight vector that
    is nothing but rounding is 0 here.

    Reference: Senushkin et al., "Independent component alignment for multi-task learning", CVPR 2023.
    """

    def __init__(
        self,
        scale_mode: str = "min",
        preferences: Sequence[float] | None = None,
        **common: Any,
    ):
        super().__init__(preferences=preferences, **common)
        if scale_mode not in SCALE_MODES:
            raise invalid(f"`scale_mode` must be one of {list(SCALE_MODES)}", received=scale_mode)
        self.scale_mode = scale_mode

    def raw_weights(self, signals: Signals, state: State) -> tuple[Weights, State]:
        """The weights of the aligned gradients' sum."""
        present = self.present(signals)
        cosines, lengths = correlation(to_float(signals.gramian), present)
        sizes, _ = relative(lengths, present)
        values, vectors, positive = spectrum(cosines * sizes[:, None] * sizes[None, :])
        aligned = apply_power(values, vectors, positive, -0.5, self.preferred(signals))
        return aligned * ops.sqrt(self._scale(values, positive)), state

    def _scale(self, values: Array, positive: Array) -> Array:
        """s: `values` ascend, and the positive ones stand last."""
        terms = values.shape[0]
        count = ops.sum(ops.cast(positive, "int32"))
        if self.scale_mode == "rmse":
            total = ops.sum(ops.where(positive, values, ops.zeros_like(values)))
            return total / ops.cast(ops.where(count > 0, count, ops.ones_like(count)), values.dtype)
        place = terms - count if self.scale_mode == "min" else terms - count + (count - 1) // 2
        return ops.sum(values * ops.cast(ops.arange(terms, dtype="int32") == place, values.dtype))
