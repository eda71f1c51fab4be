"""The base of the losses: aligned shapes, float32 or better, one value for each sample."""

from __future__ import annotations

import abc
from typing import Any

import keras
import numpy as np
from keras import ops

from .._core.configured import Configured
from .._core.errors import invalid
from .._core.linalg import to_float
from .._core.typing import Array
from ._numerics import mean_over


class SampleLoss(Configured, keras.losses.Loss, abc.ABC):
    """A Keras loss that gives one value for each sample, so that sample weights and masks act on samples.

    A member implements `values(y_true, y_pred)`. Both arrive with the same rank and in one dtype: float32, or float64
    where the prediction is float64. It returns shape `(batch,)`, or `(batch, ...)` for a loss of entries, which
    is averaged over the last axis as Keras's own losses are.

    Args:
        reduction: as in Keras; `"sum_over_batch_size"` averages the values.
        name: the loss's name.
        dtype: the dtype that `__call__` computes in; None takes `keras.config.floatx()`.
    """

    def __init__(self, *, reduction: str | None = "sum_over_batch_size", name: str | None = None, dtype: Any = None):
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self._name = name  # as given: Keras numbers the names that it makes up

    def call(self, y_true: Array, y_pred: Array) -> Array:
        """The values, shape `(batch,)` or `(batch, ...)`."""
        y_pred = to_float(y_pred)
        return self.values(*self.align(ops.cast(ops.convert_to_tensor(y_true), y_pred.dtype), y_pred))

    def align(self, y_true: Array, y_pred: Array) -> tuple[Array, Array]:
        """Brings the targets to the shape of the predictions: `(batch,)` and `(batch, 1)` must not broadcast."""
        y_true = match_rank(y_true, y_pred)
        require_same_shape(self.name, y_true, y_pred)
        return y_true, y_pred

    @abc.abstractmethod
    def values(self, y_true: Array, y_pred: Array) -> Array:
        """The values of aligned targets and predictions, shape `(batch,)` or `(batch, ...)`."""

    def example_inputs(self) -> tuple[np.ndarray, np.ndarray]:
        """A small batch of targets and predictions that the loss is meant for; the contract tests use it."""
        rng = np.random.default_rng(0)
        y_true = rng.integers(0, 2, (3, 4, 4, 1))
        y_pred = rng.uniform(0.05, 0.95, (3, 4, 4, 1)).astype("float32")
        if getattr(self, "from_logits", False):
            y_pred = np.log(y_pred / (1 - y_pred))
        return y_true, y_pred


def match_rank(y_true: Array, y_pred: Array) -> Array:
    """Adds or drops a last axis of length 1 where the ranks differ by one."""
    if len(y_true.shape) + 1 == len(y_pred.shape):
        return ops.expand_dims(y_true, -1)
    if len(y_true.shape) == len(y_pred.shape) + 1 and y_true.shape[-1] == 1:
        return ops.squeeze(y_true, -1)
    return y_true


def require_same_shape(name: str, y_true: Array, y_pred: Array) -> None:
    """Raises where two known shapes differ; axes unknown while tracing are not compared."""
    shapes = tuple(y_true.shape), tuple(y_pred.shape)
    known = zip(*shapes, strict=False)
    if len(shapes[0]) != len(shapes[1]) or any(a != b for a, b in known if a is not None and b is not None):
        raise invalid(
            f"Loss {name!r} needs targets and predictions of one shape",
            received=f"y_true {shapes[0]}, y_pred {shapes[1]}",
            fix="Reshape the targets, or one-hot encode class numbers.",
        )


def mean_of_entries(values: Array) -> Array:
    """The mean over the last axis, as in Keras; values of shape `(batch,)` are a sample each and stay."""
    return mean_over(values, -1) if len(values.shape) > 1 else values
