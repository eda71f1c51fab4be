"""The networks that steps are timed on, each with one small head for each of K terms."""

from __future__ import annotations

import argparse
from typing import Any

import keras
import numpy as np
from keras import layers

SIDE, LENGTH, HEADS = 32, 32, 4


def perceptron(width: int, depth: int) -> tuple[Any, Any]:
    """`hidden1` to `hidden<depth>`."""
    inputs = keras.Input((width,))
    hidden = inputs
    for index in range(depth):
        hidden = layers.Dense(width, activation="relu", name=f"hidden{index + 1}")(hidden)
    return inputs, hidden


def convolutional(width: int, depth: int) -> tuple[Any, Any]:
    """Convolutions of 3 x 3 over small images, up to `width` filters: each halves the image while that is large."""
    inputs = keras.Input((SIDE, SIDE, 3))
    hidden = inputs
    for index in range(depth):
        filters = max(8, width >> max(0, 2 - index))
        strides = 2 if index in (1, 2) else 1
        hidden = layers.Conv2D(filters, 3, strides=strides, padding="same", name=f"hidden{index + 1}")(hidden)
        hidden = layers.Activation("relu")(layers.BatchNormalization()(hidden))
    return inputs, layers.GlobalAveragePooling2D()(hidden)


def transformer(width: int, depth: int) -> tuple[Any, Any]:
    """Blocks of attention and two dense layers over a short sequence."""
    inputs = keras.Input((LENGTH, width))
    hidden = inputs
    for index in range(depth):
        given = layers.LayerNormalization()(hidden)
        hidden = hidden + layers.MultiHeadAttention(HEADS, width // HEADS)(given, given)
        inner = layers.Dense(2 * width, activation="relu")(layers.LayerNormalization()(hidden))
        hidden = layers.Add(name=f"hidden{index + 1}")([hidden, layers.Dense(width)(inner)])
    return inputs, layers.GlobalAveragePooling1D()(hidden)


NETWORKS = {"mlp": perceptron, "cnn": convolutional, "transformer": transformer}


def network(terms: int, options: argparse.Namespace) -> keras.Model:
    """The network that `--network` names, of `--layers` layers and `--width` units."""
    inputs, hidden = NETWORKS[options.network](options.width, options.layers)
    return keras.Model(inputs, {f"t{index}": layers.Dense(1, name=f"t{index}")(hidden) for index in range(terms)})


def batches(terms: int, steps: int, options: argparse.Namespace) -> tuple[Any, dict[str, Any]]:
    """Random inputs and targets for so many steps."""
    shapes = {"mlp": (options.width,), "cnn": (SIDE, SIDE, 3), "transformer": (LENGTH, options.width)}
    rng = np.random.default_rng(0)
    samples = steps * options.batch
    x = rng.normal(size=(samples, *shapes[options.network])).astype("float32")
    return x, {f"t{index}": rng.normal(size=(samples, 1)).astype("float32") for index in range(terms)}
