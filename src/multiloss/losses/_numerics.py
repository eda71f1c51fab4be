"""Small formulas that stay finite, in value and in gradient, where the textbook form does not."""

from __future__ import annotations

import math

import keras
from keras import ops

from .._core.errors import invalid
from .._core.typing import Array


def to_probabilities(y_pred: Array, from_logits: bool) -> Array:
    """Sigmoid of logits; probabilities as they are."""
    return ops.sigmoid(y_pred) if from_logits else y_pred


def to_logits(y_pred: Array, from_logits: bool) -> Array:
    """Logits as they are; of probabilities, clipped to `keras.config.epsilon()` from 0 and 1, the log of the odds."""
    if from_logits:
        return y_pred
    epsilon = keras.config.epsilon()
    y_pred = ops.clip(y_pred, epsilon, 1 - epsilon)
    return ops.log(y_pred) - ops.log1p(-y_pred)


def divide_or_zero(numerator: Array, denominator: Array) -> Array:
    """numerator / denominator, and the numerator itself where the denominator is 0; never NaN, in gradient either."""
    return numerator / ops.where(denominator > 0, denominator, ops.ones_like(denominator))


def finite_power(base: Array, exponent: float, floor: float = 1e-6) -> Array:
    """base ** exponent for base >= 0, with a finite slope at 0.

    For an exponent below 1 the slope at 0 is infinite; below `floor` the curve is the straight line to the origin.
    """
    if exponent == 0:
        return ops.ones_like(base)
    if exponent >= 1:
        return base**exponent  # `ops.power` gives float32 for float64 on PyTorch, in some releases of Keras
    curve = ops.where(base > floor, base, floor * ops.ones_like(base)) ** exponent
    return ops.where(base > floor, curve, base * math.pow(floor, exponent - 1))


def all_but_batch(axis: int | tuple[int, ...] | None, rank: int) -> tuple[int, ...]:
    """The axes to sum over, non-negative; None stands for all but the first."""
    given = as_axes(axis)
    if given is None:
        return tuple(range(1, rank))
    axes = tuple(entry % rank if -rank <= entry < rank else entry for entry in given)
    if 0 in axes or any(entry >= rank or entry < 0 for entry in axes):
        raise invalid(
            f"`axis` must name axes 1 to {rank - 1}; axis 0 is the batch, and a loss of whole batches has no samples",
            received=axis,
        )
    return axes


def as_axes(axis: int | tuple[int, ...] | None) -> tuple[int, ...] | None:
    """One axis or many as a tuple; None stays."""
    if axis is None:
        return None
    return (axis,) if isinstance(axis, int) else tuple(axis)


def mean_over(values: Array, axis: int | tuple[int, ...]) -> Array:
    """The mean over axes, in the dtype given: on PyTorch and JAX, `keras.ops.mean` makes float32 of float64."""
    count = 1
    for entry in (axis,) if isinstance(axis, int) else axis:
        size = values.shape[entry]
        count = count * (ops.shape(values)[entry] if size is None else size)
    return ops.sum(values, axis=axis) / ops.cast(count, values.dtype)


def mean_per_sample(values: Array) -> Array:
    """The mean over every axis but the first, shape `(batch,)`."""
    return mean_over(values, tuple(range(1, len(values.shape)))) if len(values.shape) > 1 else values
