"""Metrics of the built-in problems: means over samples, so that sample weights and missing labels act on samples."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from .._core.registry import PACKAGE
from .._core.typing import Array


@keras.saving.register_keras_serializable(PACKAGE)
class MaskOverlap(keras.metrics.MeanMetricWrapper):
    """Intersection over union of a mask and the prediction above one half, the mean over samples; two empty ones: 1.

    Args:
        name: the metric's name.
        dtype: as in Keras.
    """

    def __init__(self, name: str = "iou", dtype: Any = None):
        super().__init__(fn=mask_overlap, name=name, dtype=dtype)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this metric again."""
        return {"name": self.name, "dtype": self.dtype}


@keras.saving.register_keras_serializable(PACKAGE)
class CircularMeanAbsoluteError(keras.metrics.MeanMetricWrapper):
    """Mean length of the shorter way round from prediction to target, in the units of the targets.

    Args:
        period: one turn in those units: 360 for degrees.
        name: the metric's name.
        dtype: as in Keras.
    """

    def __init__(self, period: float = 360.0, name: str = "mae", dtype: Any = None):
        super().__init__(fn=shorter_way_round, name=name, dtype=dtype, period=period)
        self.period = period

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this metric again."""
        return {"name": self.name, "dtype": self.dtype, "period": self.period}


def mask_overlap(y_true: Array, y_pred: Array) -> Array:
    """Intersection over union of each sample, shape `(batch,)`; both masks count above one half."""
    y_pred = ops.convert_to_tensor(y_pred)
    y_true = ops.reshape(y_true, ops.shape(y_pred))
    axes = tuple(range(1, len(y_pred.shape)))
    found, true = ops.cast(y_pred > 0.5, "float32"), ops.cast(y_true > 0.5, "float32")
    union = ops.sum(ops.maximum(found, true), axis=axes)
    return ops.where(union > 0, ops.sum(found * true, axis=axes) / ops.maximum(union, 1.0), ops.ones_like(union))


def shorter_way_round(y_true: Array, y_pred: Array, period: float) -> Array:
    """Absolute difference modulo the period, shape of the inputs without the last axis."""
    y_pred = ops.convert_to_tensor(y_pred)
    y_true = ops.reshape(y_true, ops.shape(y_pred))  # (batch,) against (batch, 1) must not broadcast
    half = period / 2
    return ops.mean(ops.abs(ops.mod(y_pred - y_true + half, period) - half), axis=-1)
