"""Layers that turn columns of a table or texts into numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import layers

from .case import Case, NotTrained
from .models import SAMPLES, layer_case, normal, tokens


def cases() -> dict[str, Case | NotTrained]:
    """By class name."""

    def counted(layer: Any) -> Any:
        return lambda x: layers.Embedding(12, 3)(layer(x))

    def crossed() -> Any:
        layer = layers.HashedCrossing(8)
        return counted(lambda x: layer((x[:, 0], x[:, 1])))

    return {
        "CategoryEncoding": _whole(lambda: layers.CategoryEncoding(12, output_mode="multi_hot")),
        "Discretization": layer_case(lambda: counted(layers.Discretization([-1.0, 0.0, 1.0])), 4, before=lambda x: x),
        "HashedCrossing": _whole(crossed),
        "Hashing": _whole(lambda: counted(layers.Hashing(8))),
        "IntegerLookup": _whole(lambda: counted(layers.IntegerLookup(vocabulary=[1, 2, 3, 4, 5]))),
        "Normalization": layer_case(lambda: _adapted(), 4, before=lambda x: x),
        "Normalization: given": layer_case(lambda: layers.Normalization(mean=[0.5] * 4, variance=[2.0] * 4), 4),
        "StringLookup": _text(lambda: counted(layers.StringLookup(vocabulary=["red", "green", "blue"])), 2),
        "TextVectorization": _text(
            lambda: counted(layers.TextVectorization(output_sequence_length=3, vocabulary=["red", "green"])), 1
        ),
    }


def _adapted() -> Any:
    layer = layers.Normalization()
    layer.adapt(normal(4))
    return layer


def _whole(make: Any) -> Case:
    return layer_case(make, 3, x=lambda: tokens(3), before=lambda x: x, dtype="int32")


def _text(make: Any, width: int) -> Case:
    def words() -> np.ndarray:
        drawn = np.random.default_rng(0).choice(["red", "green", "blue", "red green"], (SAMPLES, width))
        return drawn.astype(object)

    return layer_case(make, width, x=words, before=lambda x: x, dtype="string")
