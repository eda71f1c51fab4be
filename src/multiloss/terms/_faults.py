"""Labels and weights that cannot be: found in the graph, where all data pass, and told on the host."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from keras import ops

from .._core.errors import invalid
from .._core.linalg import largest
from .._core.typing import Array
from ..masks import LARGEST_WEIGHT, spread

# A fault is a vector (kind, value, classes), float32: what is wrong, one such value, and how many classes there are.
# All are 0 where nothing is wrong.
NO_FAULT, LABEL, WEIGHT = range(3)
FAULT_SIZE = 3


def strange_labels(labels: Array, classes: int, ignored: int | None) -> Array:
    """True where a label is no class, in the labels' shape; NaN is none either.

    Args:
        labels: class numbers.
        classes: how many there are.
        ignored: a number that the loss leaves out by itself.
    """
    labels = ops.cast(labels, "float32")  # TensorFlow compares neither bools nor all unsigned integers
    inside = ops.logical_and(labels >= 0, labels <= classes - 1)
    if ignored is not None:
        inside = ops.logical_or(inside, ops.equal(labels, ignored))
    return ops.logical_not(inside)


def label_fault(labels: Array, strange: Array, classes: int) -> Array:
    """The fault of a batch's labels."""
    return _fault(LABEL, labels, strange, classes)


def weight_fault(weights: Array, counts: Array | None) -> Array:
    """The fault of a batch's sample weights: one that is negative, not finite, or leaves no room.

    Args:
        weights: the weights.
        counts: which loss values count, of no lower rank; None for all.
    """
    wrong = ops.logical_not(ops.logical_and(weights >= 0, weights <= LARGEST_WEIGHT))
    if counts is not None:
        weights = spread(weights, len(counts.shape))
        wrong = ops.logical_and(spread(wrong, len(counts.shape)), counts)
    return _fault(WEIGHT, weights, wrong, 0)


def first_fault(faults: Sequence[Array]) -> Array | None:
    """The first one that is a fault; None where nothing was looked at."""
    found = None
    for fault in faults:
        found = fault if found is None else ops.where(found[0] > NO_FAULT, found, fault)
    return found


def _fault(kind: int, values: Array, wrong: Array, classes: int) -> Array:
    values = ops.cast(values, "float32")
    extremes = ops.where(wrong, values, ops.zeros_like(values))
    low, high = -largest(-extremes), largest(extremes)
    found = ops.cast(ops.any(wrong), "float32")
    # A negative one says more than a large one.
    return ops.stack([kind * found, ops.where(low < 0, low, high), classes * found])


def fault_error(term: str, fault: np.ndarray, where: str) -> ValueError:
    """The error that tells a fault.

    Args:
        term: the term's name.
        fault: the vector.
        where: in which step, or that it was in the data.
    """
    kind, value, classes = int(fault[0]), float(fault[1]), int(fault[2])
    if kind == WEIGHT:
        known = value < 0 or value > LARGEST_WEIGHT
        return invalid(
            f"The sample weights of term {term!r} must be at least 0, and at most {LARGEST_WEIGHT:g}",
            received=f"the weight {value if known else math.nan:g} {where}",
            fix="Nothing of that batch was applied.",
        )
    if 0 <= value < classes:
        value = math.nan  # it is no extreme
    if value == classes:
        fix = "Do the classes count from 1? Then subtract 1 from the labels."
    else:
        shown = repr("nan") if math.isnan(value) else f"{value:g}"
        fix = f"Where it stands for a missing label, say so with ml.Term(..., missing={shown})."
    return invalid(
        f"The labels of term {term!r} must be its {classes} classes, 0 to {classes - 1}",
        received=f"the label {value:g} {where}",
        fix=f"{fix} Nothing of that batch was applied.",
    )
