"""Arithmetic over the terms that are present: shares, ratios, and what stands in for what is not known yet."""

from __future__ import annotations

from keras import ops

from .._core.linalg import filled
from .._core.typing import Array

# The smallest normal number of float32: below it, dividing loses digits or gives infinity.
SMALLEST = 2.0**-126

# A softmax is one-sided long before this, and sums and squares of it are finite.
LARGEST_RATIO = 1e6


def count(present: Array, dtype: str) -> Array:
    """The number of true entries, a scalar of the given dtype."""
    return ops.sum(ops.cast(present, dtype))


def softmax(logits: Array, present: Array) -> Array:
    """The softmax over the present entries, shape `(K,)`; 0 elsewhere, whatever stands there."""
    largest = ops.max(ops.where(present, logits, filled(logits, float("-inf"))))
    shifted = ops.where(present, logits - largest, ops.zeros_like(logits))
    return shares_of(ops.exp(shifted), present)


def shares_of(sizes: Array, present: Array) -> Array:
    """Non-negative sizes over their sum, for the present entries; equal shares where all of them are 0."""
    sizes = ops.where(present, sizes, ops.zeros_like(sizes))
    # By the largest first, so that the sum of large sizes is finite.
    largest = ops.max(sizes)
    sizes = ops.where(largest > 0, sizes / ops.where(largest > 0, largest, ops.ones_like(largest)), sizes)
    total = ops.sum(sizes)
    shares = sizes / ops.where(total > 0, total, ops.ones_like(total))
    return ops.where(total > 0, shares, equal_shares(present, shares.dtype))


def equal_shares(present: Array, dtype: str) -> Array:
    """One over the number of present entries, 0 elsewhere."""
    number = count(present, dtype)
    return ops.cast(present, dtype) / ops.where(number > 0, number, ops.ones_like(number))


def complete(shares: Array, known: Array, present: Array) -> Array:
    """Gives every present term of which nothing is known the mean share; the known ones divide the rest as before.

    Args:
        shares: shape `(K,)`, summing to 1 over the known terms.
        known: shape `(K,)`, bool; only among the present ones.
        present: shape `(K,)`, bool.

    Returns:
        Shares that sum to 1 over the present terms; equal ones where nothing is known.
    """
    equal = equal_shares(present, shares.dtype)
    return ops.where(known, shares * count(known, shares.dtype) * equal, equal)


def ratio(now: Array, before: Array) -> Array:
    """now / before, held in +-1e6; 1 where `before` is not a positive number, of which no ratio can be taken."""
    usable = before >= SMALLEST
    quotient = now / ops.where(usable, before, ops.ones_like(before))
    return ops.where(usable, ops.clip(quotient, -LARGEST_RATIO, LARGEST_RATIO), ops.ones_like(quotient))
