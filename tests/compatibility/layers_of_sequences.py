"""Layers of sequences: recurrent ones, attention, embeddings, and each of them with padding."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import layers

from .case import Case, NotTrained, fit
from .labels import OF_LOST_MASKS
from .models import SAMPLES, compiled, layer_case, normal, targets, tokens, two_heads

STEPS = (6, 4)


def cases() -> dict[str, Case | NotTrained]:
    """By class name; `Class: variant` for more of one class."""
    return {**_recurrent(), **_attention(), **_embeddings()}


def _recurrent() -> dict[str, Case | NotTrained]:
    found: dict[str, Case | NotTrained] = {}
    for name in ("SimpleRNN", "GRU", "LSTM"):
        found[name] = layer_case(lambda name=name: getattr(layers, name)(4), *STEPS)
        found[f"{name}: dropout"] = layer_case(
            lambda name=name: getattr(layers, name)(4, dropout=0.2, recurrent_dropout=0.2), *STEPS
        )
        found[f"{name}: padding"] = _padded(lambda name=name: getattr(layers, name)(4))
        found[f"{name}: padding, a label each step"] = _labelled(
            lambda name=name: getattr(layers, name)(4, return_sequences=True)
        )
        cell = getattr(layers, f"{name}Cell")
        found[f"{name}Cell"] = layer_case(lambda cell=cell: layers.RNN(cell(4)), *STEPS)
    for n, shape in {1: (3, 5, 2), 2: (3, 4, 4, 2), 3: (3, 3, 3, 3, 2)}.items():
        found[f"ConvLSTM{n}D"] = layer_case(lambda n=n: getattr(layers, f"ConvLSTM{n}D")(2, 2), *shape)
    return {
        **found,
        "RNN": layer_case(lambda: layers.RNN(layers.GRUCell(3), return_sequences=True), *STEPS),
        "StackedRNNCells": layer_case(
            lambda: layers.RNN(layers.StackedRNNCells([layers.LSTMCell(3), layers.GRUCell(4)])), *STEPS
        ),
        "Bidirectional": layer_case(lambda: layers.Bidirectional(layers.GRU(3)), *STEPS),
        "Bidirectional: padding": _padded(lambda: layers.Bidirectional(layers.LSTM(3))),
        "TimeDistributed": layer_case(lambda: layers.TimeDistributed(layers.Dense(3)), *STEPS),
        "TimeDistributed: padding, a label each step": _labelled(lambda: layers.TimeDistributed(layers.Dense(3))),
        "LSTM: stateful": Case(_stateful, compiled(), fit(lambda: (normal(*STEPS), targets()))),
    }


def _attention() -> dict[str, Case | NotTrained]:
    def of_itself(layer: Any) -> Any:
        return lambda tensor: layer([tensor, tensor])

    def twice(layer: Any) -> Any:
        return lambda tensor: layer(tensor, tensor)

    def many() -> Any:
        return twice(layers.MultiHeadAttention(2, 3, dropout=0.2))

    def grouped() -> Any:
        return twice(layers.GroupQueryAttention(3, 4, 2))

    return {
        "Attention": layer_case(lambda: of_itself(layers.Attention(use_scale=True, dropout=0.2)), *STEPS),
        "AdditiveAttention": layer_case(lambda: of_itself(layers.AdditiveAttention()), *STEPS),
        "MultiHeadAttention": layer_case(many, *STEPS),
        "MultiHeadAttention: padding": _padded(lambda: _pooled(many())),
        "MultiHeadAttention: padding, a label each step": _labelled(many),
        "GroupQueryAttention": layer_case(grouped, *STEPS),
        "GroupQueryAttention: padding": _padded(lambda: _pooled(grouped())),
    }


def _embeddings() -> dict[str, Case | NotTrained]:
    def reversed_() -> Any:
        layer = layers.ReversibleEmbedding(10, 4)
        return lambda tensor: layer(layer(tensor), reverse=True)

    def whole(x: Any) -> Any:
        return x

    return {
        "Embedding": layer_case(lambda: layers.Embedding(10, 4), 6, x=lambda: tokens(6), before=whole, dtype="int32"),
        "Embedding: LoRA": layer_case(
            lambda: layers.Embedding(10, 4, lora_rank=2), 6, x=lambda: tokens(6), before=whole, dtype="int32"
        ),
        "Embedding: padding, a label each step": _labelled(lambda: layers.Dense(3)),
        "ReversibleEmbedding": layer_case(reversed_, 6, x=lambda: tokens(6), before=whole, dtype="int32"),
        "Masking": Case(_masking, compiled(), fit(lambda: (_with_gaps(), targets()), validation_data=None)),
        "GlobalAveragePooling1D: padding": _padded(layers.GlobalAveragePooling1D),
    }


def _padded(make: Any) -> Case:
    """A layer that takes the mask of an embedding away."""

    def masked(inputs: Any) -> Any:
        return layers.Embedding(10, 4, mask_zero=True)(inputs)

    return layer_case(make, 6, x=lambda: tokens(6), before=masked, dtype="int32")


def _labelled(make: Any) -> Case:
    """A layer that keeps the mask, and outputs with a label for each step: losses and metrics leave out the padding."""

    def build() -> keras.Model:
        inputs = keras.Input((6,), dtype="int32", name="x")
        hidden = make()(layers.Embedding(10, 4, mask_zero=True)(inputs))
        heads = {
            "value": layers.Dense(2, name="value")(hidden),
            "label": layers.Dense(3, activation="softmax", name="label")(hidden),
        }
        return keras.Model(inputs, heads)

    def data() -> tuple:
        generator = np.random.default_rng(1)
        y = {
            "value": generator.normal(size=(SAMPLES, 6, 2)).astype("float32"),
            "label": generator.integers(0, 3, (SAMPLES, 6)),
        }
        return tokens(6), y

    metrics = {"value": ["mae", "cosine_similarity"], "label": ["accuracy"]}
    names = ("value_loss", "label_loss", "val_value_loss", "val_label_loss", "val_loss")
    changes = dict.fromkeys(names, "the mean over all labels of the epoch, where Keras's is the mean over its batches")
    if keras.backend.backend() == "jax":
        changes |= dict.fromkeys(("value_mae", "value_cosine_similarity", "label_accuracy"), OF_LOST_MASKS)
    return Case(build, compiled(metrics=lambda: dict(metrics)), fit(data, validation_data=data), changes=changes)


def _pooled(layer: Any) -> Any:
    return lambda tensor: layers.GlobalAveragePooling1D()(layer(tensor))


def _with_gaps() -> np.ndarray:
    x = normal(*STEPS)
    x[:, 4:] = 0
    x[::3, 2:] = 0
    return x


def _masking() -> keras.Model:
    inputs = keras.Input(STEPS, name="x")
    return two_heads(inputs, layers.GRU(4)(layers.Masking()(inputs)))


def _stateful() -> keras.Model:
    inputs = keras.Input(batch_shape=(4, *STEPS), name="x")
    return two_heads(inputs, layers.LSTM(4, stateful=True)(inputs))
