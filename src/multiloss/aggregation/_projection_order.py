"""The base of balancers that change the gradients pair by pair: in which order each gradient meets the others."""

from __future__ import annotations

from typing import Any

from keras import ops

from .._core.aggregator import Aggregator
from .._core.balancer import Signals
from .._core.errors import invalid
from .._core.typing import Array

ORDERS = ("random", "fixed")


class PairwiseAggregator(Aggregator):
    """An aggregator in which every gradient meets all others, one after the other.

    Args:
        order: `"random"` (default): each gradient meets the others in a random order, drawn anew in each step;
            `"fixed"`: in the order of the terms, which needs no noise.

    Raises:
        ValueError: for an unknown `order`.
    """

    def __init__(self, order: str = "random", **common: Any):
        super().__init__(**common)
        if order not in ORDERS:
            raise invalid(f"`order` must be one of {list(ORDERS)}", received=order)
        self.order = order

    def noise_shape(self, num_terms: int) -> tuple[int, ...] | None:
        """One row of uniform numbers for each gradient; their ranks are its order."""
        return (num_terms, num_terms) if self.order == "random" else None

    def projection_order(self, signals: Signals, num_terms: int) -> Array:
        """Row i holds the indices of the terms in the order in which gradient i meets them, int32, shape `(K, K)`."""
        if self.order == "fixed":
            return ops.broadcast_to(ops.arange(num_terms, dtype="int32"), (num_terms, num_terms))
        if signals.noise is None:
            member = type(self).__name__
            shape = self.noise_shape(num_terms)
            raise invalid(
                f"`signals.noise` must hold uniform numbers of shape {shape} for {member}(order='random')",
                received=None,
                fix=f"Draw them, or use {member}(order='fixed').",
            )
        return ops.cast(ops.argsort(signals.noise, axis=-1), "int32")
