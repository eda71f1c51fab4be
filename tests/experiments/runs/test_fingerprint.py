"""Digests notice what would change a run, and nothing else."""

import keras
import numpy as np

import multiloss as ml
from multiloss.experiments.runs._fingerprint import describe, digest, digest_data


def of(value):
    return digest(describe(value))


def test_objects_are_told_by_their_settings():
    assert of(ml.losses.Tversky(alpha=0.3)) == of(ml.losses.Tversky(alpha=0.3))
    assert of(ml.losses.Tversky(alpha=0.3)) != of(ml.losses.Tversky(alpha=0.4))
    assert of({"a": ml.Term("mse", missing="nan")}) == of({"a": ml.Term("mse", missing="nan")})
    assert of({"a": ml.Term("mse", missing="nan")}) != of({"a": ml.Term("mse")})
    assert of(keras.optimizers.Adam(1e-3)) != of(keras.optimizers.Adam(1e-2))
    assert of(None) != of("none")


def test_functions_are_told_by_source_and_caught_values():
    def made(factor):
        return lambda x: factor * x

    assert of(made(1.0)) == of(made(1.0))
    assert of(made(1.0)) != of(made(2.0))


def test_data_is_told_by_its_values():
    x, y = np.zeros((500, 3)), {"a": np.arange(500)}
    assert digest_data((x, y)) == digest_data((x.copy(), {"a": np.arange(500)}))
    assert digest_data((x, y)) != digest_data((x + 1, y))
    assert digest_data((x, y)) != digest_data((x.astype("float32"), y))
    assert digest_data((x, None)) != digest_data((x, y))
