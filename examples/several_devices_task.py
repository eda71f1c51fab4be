"""What the examples for several devices train: three tasks, one of which lacks labels in places."""

from __future__ import annotations

import keras
import numpy as np

import multiloss as ml

GLOBAL_BATCH, SAMPLES = 32, 256
LOSSES = {
    "price": ml.Term("mse", scale="running_mean", missing="nan"),
    "risk": "mse",
    "kind": "sparse_categorical_crossentropy",
}


def part(process: int = 0, processes: int = 1) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """What a process reads: together, the parts of a step are the batch that one process would take."""
    generator = np.random.default_rng(0)
    x = generator.normal(size=(SAMPLES, 8)).astype("float32")
    price = x[:, :1] * 40.0 + 100.0
    price[::3] = np.nan  # labels that are missing, on some devices more than on others
    y = {"price": price, "risk": x[:, 1:2] * x[:, 2:3], "kind": (x[:, 3] > 0).astype("int32")}
    mine = slice(process, None, processes)
    return x[mine], {name: target[mine] for name, target in y.items()}


def build() -> keras.Model:
    """A trunk and three heads."""
    inputs = keras.Input((8,))
    hidden = keras.layers.Dense(16, "relu", name="trunk")(inputs)
    heads = {"price": keras.layers.Dense(1), "risk": keras.layers.Dense(1), "kind": keras.layers.Dense(2, "softmax")}
    return keras.Model(inputs, {name: layer(hidden) for name, layer in heads.items()})
