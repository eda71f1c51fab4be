"""Constant weights."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from keras import ops

from .._core.balancer import Balancer, Needs, Signals
from .._core.linalg import to_float
from .._core.registry import register
from .._core.typing import State, Weights
from ._arguments import for_terms, numbers


@register(
    "fixed",
    properties=("non_negative", "scale_invariant", "stateless", "deterministic"),
    cases=({}, {"weights": [3.0, 1.0]}),
)
class Fixed(Balancer):
    """The same weights in every step: training without balancing, the baseline of every comparison.

    w_i is what was given. Weights of ones are the same training as `balancer=None`. Weights tuned by hand or by search
    are more often as good as the methods than not, and cost nothing.

    Needs nothing: one backward pass.

    Args:
        weights: None (default) for ones, one number for all, or a sequence of K numbers in the order of the terms; all
            must be positive and finite.
        normalize: `"sum_to_k"` (default) scales them to sum to the number of terms present, or `"none"`.

    Raises:
        ValueError: for a weight that is not a positive number; when K weights meet another number of terms.

    Example:
        >>> from multiloss.aggregation import aggregate
        >>> from multiloss.weighting import Fixed
        >>> vector = aggregate([[1.0, 0.0], [0.0, 1.0]], Fixed([3.0, 1.0]))
        >>> [round(float(entry), 4) for entry in vector]
        [1.5, 0.5]
    """

    needs: ClassVar[Needs] = Needs.LOSSES

    def __init__(self, weights: float | Sequence[float] | None = None, normalize: str = "sum_to_k"):
        super().__init__(normalize)
        self._weights = numbers("weights", weights, fix="To switch a term off, give it the loss weight 0.")

    def init(self, num_terms: int) -> State:
        """Nothing is remembered; the number of weights is checked."""
        for_terms("weights", self._weights, num_terms, 1.0)
        return {}

    def raw_weights(self, signals: Signals, state: State) -> tuple[Weights, State]:
        """The given weights."""
        losses = to_float(signals.losses)
        weights = for_terms("weights", self._weights, losses.shape[0], 1.0)
        return ops.convert_to_tensor(weights, dtype=losses.dtype), state
