"""The gradient of a loss with respect to the prediction, through plain Keras, the same on every backend."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops


class LossAtPrediction:
    """Gives the value and the gradient of a loss at any prediction.

    A model whose output is its only weight takes one SGD step of size 1: the weight moves by minus the gradient. So
    the loss is met as `model.compile(loss=...)` meets it.

    Args:
        loss: a `keras.losses.Loss`.
        shape: the shape of the predictions, batch first.
        reduction: replaces the loss's own.
    """

    def __init__(self, loss: Any, shape: tuple[int, ...], reduction: str = "sum_over_batch_size"):
        inputs = keras.Input((1,), batch_size=shape[0])
        self._weight = _Prediction(shape)
        self._model = keras.Model(inputs, self._weight(inputs))
        scalar = type(loss).from_config({**loss.get_config(), "reduction": reduction})
        self._model.compile(keras.optimizers.SGD(1.0), loss=scalar)

    def __call__(self, y_true: np.ndarray, y_pred: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The value, a scalar, and the gradient, shape of `y_pred`; float32."""
        self._weight.prediction.assign(y_pred)
        value = self._model.train_on_batch(np.zeros((len(y_pred), 1), "float32"), y_true)
        return np.asarray(value), y_pred - ops.convert_to_numpy(self._weight.prediction)


class _Prediction(keras.layers.Layer):
    """A layer whose output is its weight."""

    def __init__(self, shape: tuple[int, ...]):
        super().__init__()
        self.prediction = self.add_weight(shape=shape, dtype="float32", initializer="zeros")

    def call(self, inputs: Any) -> Any:
        """The weight, whatever the inputs are."""
        return ops.convert_to_tensor(self.prediction)
