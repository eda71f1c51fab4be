"""A problem that trains in a moment, for commands of their own as well."""

import keras
import numpy as np

import multiloss as ml


def build_model():
    x = keras.Input((3,))
    shared = keras.layers.Dense(4)(x)
    return keras.Model(x, {"a": keras.layers.Dense(1)(shared), "b": keras.layers.Dense(1)(shared)})


def problem():
    x = np.random.default_rng(0).normal(size=(64, 3)).astype("float32")
    data = x, {"a": x[:, :1], "b": 50.0 * x[:, 1:2]}
    settings = {"train": data, "validation": data, "metrics": {"a": ["mae"]}, "score": {"a_mae": "min"}}
    return ml.Problem("tiny", build_model, loss={"a": "mse", "b": "mse"}, **settings)
