"""From loss values to one number for the batch: a numerator and what it is divided by."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from keras import ops

from .._core.errors import invalid
from .._core.typing import Array

REDUCTIONS = {
    "mean": "mean per labelled sample",
    "sample_mean": "mean of the labelled samples' own means",
    "weighted_mean": "weighted mean",
    "sum": "sum",
}
"""What a term's `reduction` may be, in words."""

KERAS_WORDS = {
    "sum_over_batch_size": "mean",
    "none": "mean",
    "mean_with_sample_weight": "weighted_mean",
}
"""Keras's words, with ours for the same; a loss without reduction is reduced all the same, as a term is one number."""


class Reading(NamedTuple):
    """What a reduction was read as.

    Attributes:
        reduction: one of `REDUCTIONS`.
        words: the same for people, with the word that it was read from where that says something else.
    """

    reduction: str
    words: str


def read_reduction(given: str | None, of_loss: str) -> Reading:
    """What a term's argument means; a loss object's own reduction holds where the argument is `"mean"`.

    Args:
        given: the term's argument; None is Keras's `"none"`.
        of_loss: the loss object's own.
    """
    given = "none" if given is None else given
    if not isinstance(given, str) or (given not in REDUCTIONS and given not in KERAS_WORDS):
        raise invalid(f"`reduction` must be one of {[*REDUCTIONS, *KERAS_WORDS]}", received=given)
    word = of_loss if given == "mean" and (of_loss in REDUCTIONS or of_loss in KERAS_WORDS) else given
    reduction = KERAS_WORDS.get(word, word)
    # The default of every loss object says nothing.
    source = "" if word == reduction or (word, given) == ("sum_over_batch_size", "mean") else f" (read from {word!r})"
    return Reading(reduction, REDUCTIONS[reduction] + source)


class Reduced(NamedTuple):
    """A fraction, so that epochs can be averaged rightly.

    Attributes:
        numerator: scalar.
        denominator: scalar; 0 for a batch without a label.
        labelled: scalar: the number of labelled samples; one with some of its entries labelled counts as that part.
    """

    numerator: Array
    denominator: Any
    labelled: Any


def reduce(values: Array, mask: Array | None, weights: Array | None, size: Any, reduction: str) -> Reduced:
    """Reduces loss values of shape `(batch, ...)`.

    Args:
        values: the losses, one for each sample or for each of its entries.
        mask: bool, of the same shape: which count; None for all.
        weights: of the same rank, or None.
        size: the number of samples; a NumPy scalar where the shapes say it, so that nothing is computed.
        reduction: one of `REDUCTIONS`.
    """
    weighted = values if weights is None else values * weights
    entries = _entries_per_sample(values, size)
    if mask is None:
        kept, labelled = None, size
    else:
        kept = ops.cast(mask, values.dtype)
        weighted = ops.where(kept > 0, weighted, ops.zeros_like(weighted))
        labelled = ops.sum(kept) / entries
    if reduction == "sum":
        known = isinstance(labelled, np.floating)
        some = np.float32(labelled > 0) if known else ops.cast(labelled > 0, values.dtype)
        return Reduced(ops.sum(weighted), some, labelled)
    if reduction == "sample_mean" and kept is not None:
        axes = tuple(range(1, len(values.shape)))
        counts = ops.sum(kept, axis=axes) if axes else kept
        sums = ops.sum(weighted, axis=axes) if axes else weighted
        means = sums / ops.where(counts > 0, counts, ops.ones_like(counts))
        return Reduced(ops.sum(means), ops.sum(ops.cast(counts > 0, values.dtype)), labelled)
    denominator = labelled
    if reduction == "weighted_mean" and weights is not None:
        shares = ops.ones_like(values) * weights
        denominator = ops.sum(shares if kept is None else shares * kept) / entries
    return Reduced(ops.sum(weighted) / entries, denominator, labelled)


def _entries_per_sample(values: Array, size: Any) -> Any:
    if isinstance(size, np.floating) and all(isinstance(length, int) for length in values.shape):
        return max(math.prod(values.shape) / max(float(size), 1.0), 1.0)
    return ops.maximum(ops.cast(ops.size(values), values.dtype) / ops.cast(ops.maximum(size, 1.0), values.dtype), 1.0)
