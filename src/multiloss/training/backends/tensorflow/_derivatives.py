"""Derivatives by the inputs on TensorFlow: nested tapes, one backward pass for each entry of the output."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf


def matrix_derivatives(function: Callable[[Any], Any], point: tf.Tensor, order: int) -> list[tf.Tensor]:
    """The value and the derivatives up to `order`, shapes `(batch, m)`, `(batch, m, d)`, `(batch, m, d, d)`.

    Args:
        function: from `(batch, d)` to `(batch, m)`, samples independent.
        point: where, `(batch, d)`.
        order: 1 or 2.
    """
    if order == 1:
        return list(_with_slopes(function, point))
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(point)
        value, first = _with_slopes(function, point)
        entries = tf.reshape(first, (-1, first.shape[1] * first.shape[2]))
    second = _slopes(tape, entries, point)
    return [value, first, tf.reshape(second, (-1, first.shape[1], point.shape[1], point.shape[1]))]


def _with_slopes(function: Callable[[Any], Any], point: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(point)
        value = function(point)
    return value, _slopes(tape, value, point)


def _slopes(tape: tf.GradientTape, value: tf.Tensor, point: tf.Tensor) -> tf.Tensor:
    """The derivative of each column: since samples are independent, that of its sum over the batch."""
    seeds = np.eye(value.shape[1])
    rows = [
        tape.gradient(value, point, tf.zeros_like(value) + tf.cast(seed, value.dtype), tf.UnconnectedGradients.ZERO)
        for seed in seeds
    ]
    return tf.stack(rows, axis=1)
