"""`balancer=None` is the same training as plain Keras with `loss_weights`."""

import keras
import numpy as np
import pytest
from models import data, largest_difference, two_heads, weights_of

import multiloss as ml

LOSS = {"value": "mse", "label": "sparse_categorical_crossentropy"}
WEIGHTS = {"value": 0.7, "label": 2.0}


class AddsLoss(keras.layers.Layer):
    def call(self, inputs):
        self.add_loss(0.01 * keras.ops.sum(keras.ops.square(inputs)))
        return inputs


def _plain(model, fit, **arguments):
    model.compile(keras.optimizers.Adam(0.01), loss=LOSS, loss_weights=WEIGHTS, **arguments)
    fit(model)
    return weights_of(model)


def _ours(model, fit, **arguments):
    trainer = ml.compile(model, keras.optimizers.Adam(0.01), loss=LOSS, loss_weights=WEIGHTS, **arguments)
    fit(trainer)
    return weights_of(model)


def _fit(model):
    x, y = data()
    model.fit(x, y, batch_size=20, epochs=3, shuffle=False, verbose=0)


@pytest.mark.parametrize(
    "options",
    [{}, {"norm": True}, {"dropout": 0.3}, {"regularizer": "l2"}, {"norm": True, "dropout": 0.3, "regularizer": "l1"}],
    ids=str,
)
def test_same_weights_as_keras(options):
    assert largest_difference(_plain(two_heads(**options), _fit), _ours(two_heads(**options), _fit)) < 1e-6


@pytest.mark.parametrize("arguments", [{"run_eagerly": True}, {"jit_compile": True}], ids=str)
def test_same_weights_eagerly_and_compiled(arguments):
    if arguments.get("jit_compile") and keras.backend.backend() == "torch":
        pytest.skip("torch.compile takes a minute; test_torch_compile.py covers it")
    first = _plain(two_heads(norm=True), _fit, **arguments)
    assert largest_difference(first, _ours(two_heads(norm=True), _fit, **arguments)) < 1e-6


def test_same_weights_with_sample_weight():
    x, y = data()
    generator = np.random.default_rng(3)
    weight = {name: generator.uniform(0, 2, len(x)).astype("float32") for name in y}

    def fit(model):
        model.fit(x, y, sample_weight=weight, batch_size=20, epochs=2, shuffle=False, verbose=0)

    assert largest_difference(_plain(two_heads(), fit), _ours(two_heads(), fit)) < 1e-6


def test_same_weights_with_embedding_lstm_and_add_loss():
    tokens = np.random.default_rng(0).integers(0, 11, (32, 6))
    targets = {"value": data(32)[1]["value"], "label": data(32)[1]["label"]}

    def build():
        keras.utils.set_random_seed(5)
        inputs = keras.Input((6,), dtype="int32")
        hidden = keras.layers.LSTM(5)(keras.layers.Embedding(11, 4, mask_zero=True)(inputs))
        hidden = AddsLoss()(hidden)
        heads = {
            "value": keras.layers.Dense(2)(hidden),
            "label": keras.layers.Dense(3, activation="softmax")(hidden),
        }
        return keras.Model(inputs, heads)

    def fit(model):
        model.fit(tokens, targets, batch_size=16, epochs=2, shuffle=False, verbose=0)

    assert largest_difference(_plain(build(), fit), _ours(build(), fit)) < 1e-6


def test_padding_of_sequences_is_left_out_as_in_keras():
    tokens = np.random.default_rng(0).integers(1, 11, (32, 6))
    tokens[:, 4:] = 0
    tokens[::3, 2:] = 0
    targets = np.random.default_rng(1).normal(size=(32, 6, 2)).astype("float32")
    results = []
    for ours in (False, True):
        keras.utils.set_random_seed(5)
        inputs = keras.Input((6,), dtype="int32")
        hidden = keras.layers.Embedding(11, 4, mask_zero=True)(inputs)
        hidden = keras.layers.LSTM(5, return_sequences=True)(hidden)
        model = keras.Model(inputs, keras.layers.Dense(2)(hidden))
        if ours:
            trainer = ml.compile(model, "sgd", loss="mse")
        else:
            trainer = model
            model.compile("sgd", loss="mse")
        results.append(trainer.fit(tokens, targets, batch_size=32, shuffle=False, verbose=0).history["loss"][0])
        results.append(np.concatenate([weight.ravel() for weight in model.get_weights()]))
    assert results[0] == pytest.approx(results[2], rel=1e-5)
    np.testing.assert_allclose(results[1], results[3], atol=1e-6)


def test_same_loss_value_as_keras():
    x, y = data()
    plain, ours = two_heads(regularizer="l2"), two_heads(regularizer="l2")
    plain.compile("sgd", loss=LOSS, loss_weights=WEIGHTS)
    expected = plain.evaluate(x, y, verbose=0, return_dict=True)["loss"]
    trainer = ml.compile(ours, "sgd", loss=LOSS, loss_weights=WEIGHTS)
    assert trainer.evaluate(x, y, verbose=0, return_dict=True)["loss"] == pytest.approx(expected, rel=1e-5)
    assert trainer.evaluate(x, y, verbose=0)[0] == pytest.approx(expected, rel=1e-5)


def test_predict_is_the_models_own():
    x, _ = data()
    model = two_heads()
    trainer = ml.compile(model, "sgd", loss=LOSS)
    for name, value in trainer.predict(x, verbose=0).items():
        np.testing.assert_allclose(value, model.predict(x, verbose=0)[name], rtol=1e-6)
