"""A problem that a worker imports, slow enough that two workers share its trials."""

import time

import keras
import numpy as np

import multiloss as ml


def build_model():
    time.sleep(0.5)
    image = keras.Input((4,))
    shared = keras.layers.Dense(3)(image)
    return keras.Model(image, {name: keras.layers.Dense(1, name=name)(shared) for name in ("low", "high")})


def problem():
    x = np.random.default_rng(0).normal(size=(32, 4)).astype("float32")
    data = x, {"low": x[:, :1], "high": 100.0 * x[:, 1:2]}
    both = ("low", "high")
    return ml.Problem(
        "slow",
        build_model,
        loss=dict.fromkeys(both, "mse"),
        train=data,
        validation=data,
        metrics=dict.fromkeys(both, "mae"),
        score={"low_mae": "min", "high_mae": "min"},
    )


def broken():
    return None
