"""In which order each gradient meets the others, for members that change the gradients pair by pair."""

from __future__ import annotations

from keras import ops

from .._core.balancer import Signals
from .._core.errors import invalid
from .._core.typing import Array

ORDERS = ("random", "fixed")


def check_order(order: str) -> str:
    """The argument itself.

    Raises:
        ValueError: when it is not one of `ORDERS`.
    """
    if order not in ORDERS:
        raise invalid(f"`order` must be one of {list(ORDERS)}", received=order)
    return order


def noise_for(order: str, num_terms: int) -> tuple[int, ...] | None:
    """One row of uniform numbers for each gradient; their ranks are its order."""
    return (num_terms, num_terms) if order == "random" else None


def meeting_order(order: str, signals: Signals, num_terms: int, member: str) -> Array:
    """Row i holds the indices of the terms in the order in which gradient i meets them, int32, shape `(K, K)`."""
    if order == "fixed":
        return ops.broadcast_to(ops.arange(num_terms, dtype="int32"), (num_terms, num_terms))
    if signals.noise is None:
        raise invalid(
            f"`signals.noise` must hold uniform numbers of shape {(num_terms, num_terms)} for {member}(order='random')",
            received=None,
            fix=f"Draw them, or use {member}(order='fixed').",
        )
    return ops.cast(ops.argsort(signals.noise, axis=-1), "int32")
