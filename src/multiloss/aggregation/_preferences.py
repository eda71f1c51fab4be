"""The base of gradient balancers that take one preference for each term."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from keras import ops

from .._core.aggregator import Aggregator
from .._core.balancer import Signals
from .._core.errors import invalid
from .._core.linalg import to_float
from .._core.typing import Array, State


class PreferenceAggregator(Aggregator):
    """An aggregator whose terms count by given preferences p.

    Args:
        preferences: None for ones, or a sequence of K positive numbers in the order of the terms. Only their ratios
            matter, but for `normalize="none"`.
        normalize: see `Aggregator`.

    Raises:
        ValueError: for a preference that is not a positive number; when K preferences meet another number of terms.
    """

    def __init__(
        self,
        preferences: Sequence[float] | None = None,
        **common: Any,
    ):
        super().__init__(**common)
        self.preferences = None if preferences is None else _positive(preferences)

    def init(self, num_terms: int) -> State:
        """Nothing is remembered; the number of preferences is checked."""
        self._for_terms(num_terms)
        return {}

    def preferred(self, signals: Signals) -> Array:
        """p, shape `(K,)`, in the dtype of the Gramian; 0 where absent."""
        gramian = to_float(signals.gramian)
        given = ops.convert_to_tensor(self._for_terms(gramian.shape[-1]), dtype=gramian.dtype)
        return ops.where(self.present(signals), given, ops.zeros_like(given))

    def _for_terms(self, num_terms: int) -> np.ndarray:
        if self.preferences is None:
            return np.ones(num_terms)
        if len(self.preferences) != num_terms:
            raise invalid(
                f"`preferences` must hold one number for each of the {num_terms} balanced terms",
                received=self.preferences,
            )
        return np.array(self.preferences)


def _positive(given: Sequence[float]) -> list[float]:
    try:
        values = [float(value) for value in given]
    except (TypeError, ValueError):
        values = []
    if not values or not all(math.isfinite(value) and value > 0 for value in values):
        raise invalid(
            "`preferences` must be a sequence of positive finite numbers",
            received=given,
            fix="To switch a term off, give it the loss weight 0.",
        )
    return values
