"""The small models of the trainings on several devices."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops


def model(width: int = 8, *, depth: int = 1, inner: tuple[Any, ...] = (), regularizer: str | None = None) -> Any:
    """A trunk, and heads for `value` (two numbers, some labels missing) and `label` (three classes)."""
    keras.utils.set_random_seed(1)
    inputs = hidden = keras.Input((4,))
    for index in range(depth):
        name = f"trunk_{index}" if index else "trunk"
        hidden = layers.Dense(width, "tanh", name=name, kernel_regularizer=regularizer)(hidden)
    for layer in inner:
        hidden = layer(hidden)
    heads = {"value": layers.Dense(2, name="value_head")(hidden)}
    return keras.Model(inputs, {**heads, "label": layers.Dense(3, "softmax", name="label_head")(hidden)})


def table() -> Any:
    """A table that is captured, and a recurrent layer behind it."""
    keras.utils.set_random_seed(1)
    inputs = keras.Input((4,), dtype="int32")
    hidden = layers.GRU(6)(layers.Embedding(3000, 8, name="table")(inputs))
    heads = {"value": layers.Dense(2, name="value_head")(hidden)}
    return keras.Model(inputs, {**heads, "label": layers.Dense(3, "softmax", name="label_head")(hidden)})


@keras.saving.register_keras_serializable("tests")
def root_that_is_steep(x: Any, y_pred: Any) -> Any:
    """Its gradient is not finite where the first feature is 0, although the loss is."""
    return ops.sqrt(ops.square(x[:, 0]) * ops.mean(ops.square(y_pred["value"]), axis=-1))
