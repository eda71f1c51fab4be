"""The model of the built-in problem: one trunk, four heads."""

from __future__ import annotations

import keras
from keras import layers

from ._digits_data import CANVAS


def build_model() -> keras.Model:
    """A small convolutional trunk shared by four heads; 28 x 28 grey pictures in, a dict of four outputs out."""
    image = keras.Input((CANVAS, CANVAS, 1), name="image")
    fine = _conv(16, name="trunk_fine")(image)
    middle = _conv(32, strides=2, name="trunk_middle")(fine)
    coarse = _conv(32, strides=2, name="trunk_coarse")(middle)
    features = layers.Dense(64, activation="elu", name="trunk_features")(layers.Flatten()(coarse))
    context = layers.UpSampling2D(4)(layers.Conv2D(16, 1, name="mask_context")(coarse))
    mask = layers.Conv2D(1, 3, padding="same", activation="sigmoid", name="mask")(layers.Concatenate()([fine, context]))
    label = layers.Dense(10, activation="softmax", name="label")(features)
    turn = layers.Dense(1, activation="tanh", name="turn")(features)
    amount = layers.Dense(1, activation="softplus", name="amount")(features)
    outputs = {
        "mask": mask,
        "label": label,
        "angle": layers.Rescaling(90.0, name="angle")(turn),
        "ink": layers.Rescaling(100.0, name="ink")(amount),
    }
    return keras.Model(image, outputs, name="digits")


def _conv(filters: int, name: str, strides: int = 1) -> layers.Layer:
    return layers.Conv2D(filters, 3, strides=strides, padding="same", activation="relu", name=name)
