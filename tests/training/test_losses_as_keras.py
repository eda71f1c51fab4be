"""Compiled steps with small integers, ignored classes, padding and weights of steps are those of plain Keras."""

import keras
import numpy as np
import pytest
from keras import ops

import multiloss as ml


class OwnCrossentropy(keras.losses.Loss):
    def call(self, y_true, y_pred):
        return ops.mean(-y_true * ops.log(y_pred) - (1 - y_true) * ops.log(1 - y_pred), axis=-1)


def _model():
    keras.utils.set_random_seed(0)
    inputs = keras.Input((3, 2))
    hidden = keras.layers.Masking()(inputs)
    return keras.Model(
        inputs,
        {
            "kind": keras.layers.Dense(4, name="kind")(hidden),
            "hit": keras.layers.Dense(1, activation="sigmoid", name="hit")(hidden),
        },
    )


def test_a_step_is_that_of_plain_keras():
    random = np.random.default_rng(0)
    x = random.normal(size=(6, 3, 2)).astype("float32")
    x[0, 2] = x[3, 1:] = 0.0  # padding
    kind, hit = random.integers(0, 4, (6, 3)).astype("uint8"), random.integers(0, 2, (6, 3, 1)).astype("uint8")
    kind[1] = kind[2, 0] = 255
    weight = {"kind": random.uniform(size=(6, 3)).astype("float32"), "hit": np.ones((6, 3), "float32")}
    ignoring = keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=255)
    loss = {"kind": ignoring, "hit": OwnCrossentropy()}
    plain, model = _model(), _model()
    plain.compile(keras.optimizers.SGD(0.5), loss=loss)
    trainer = ml.compile(model, keras.optimizers.SGD(0.5), loss=loss)
    data = {"x": x, "y": {"kind": kind, "hit": hit}, "sample_weight": weight, "return_dict": True}
    expected, found = plain.train_on_batch(**data), trainer.train_on_batch(**data)
    for name in ("loss", "kind_loss", "hit_loss"):
        assert found[name] == pytest.approx(float(expected[name]), rel=1e-5)
    for after, reference in zip(model.get_weights(), plain.get_weights(), strict=True):
        np.testing.assert_allclose(after, reference, rtol=1e-5, atol=1e-6)
