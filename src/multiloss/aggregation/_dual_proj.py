"""DualProj: the mean gradient, projected so that it harms no term."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from keras import ops

from .._core.balancer import Signals
from .._core.linalg import to_float
from .._core.registry import register
from .._core.solvers import lower_bounded_quadratic
from .._core.typing import State, Weights
from ._preferences import PreferenceAggregator


@register(
    "dual_proj",
    paper="arXiv:1706.08840",
    properties=(
        "non_negative",
        "non_conflicting",
        "stops_when_stationary",
        "scale_invariant",
        "stateless",
        "deterministic",
    ),
    cases=({}, {"preferences": [3.0, 1.0]}),
)
class DualProj(PreferenceAggregator):
    """Projects the mean of the gradients on the cone of directions that harm no term.

    w = argmin over v >= p / K of v'Gv: the update is the closest direction d to sum_i p_i g_i / K with g_i.d >= 0 for
    every i. Without conflicts it is that mean. Of the projections of single gradients, `UPGrad` takes the mean; here
    the mean is taken first, so that a long gradient may silence the short ones.

    Needs the Gramian: K backward passes. Cost of the weights: for up to 8 terms, one factorisation of 2^K systems of
    size K x K; beyond, 22 solves of one K x K system in float32.

    Args:
        preferences: p; None (default) for ones, or a sequence of K positive numbers in the order of the terms.
        normalize: `"sum_to_k"` (default), or `"none"` for the projection itself, as published.

    Raises:
        ValueError: for a preference that is not a positive number; when K preferences meet another number of terms.

    Example:
        >>> from multiloss.aggregation import DualProj, aggregate
        >>> vector = aggregate([[1.0, 0.0], [-2.0, 1.0]], DualProj(normalize="none"))
        >>> [round(float(entry), 4) for entry in vector]
        [0.0, 0.5]

    Differs from the official code: there, the task at hand is projected against the memories of past ones, with a
    margin; here, the mean against all terms, without one. A term without a gradient does not count in the mean.

    Reference: Lopez-Paz and Ranzato, "Gradient episodic memory for continual learning", NeurIPS 2017, arXiv:1706.08840.
    """

    def __init__(
        self,
        preferences: Sequence[float] | None = None,
        **common: Any,
    ):
        super().__init__(preferences=preferences, **common)

    def raw_weights(self, signals: Signals, state: State) -> tuple[Weights, State]:
        """The weights of the projected mean."""
        gramian = to_float(signals.gramian)
        present = self.present(signals)
        count = ops.sum(ops.cast(present, gramian.dtype))
        return lower_bounded_quadratic(gramian, (self.preferred(signals) / count)[None], present)[0], state
