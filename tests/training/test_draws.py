"""Layers that draw from Python's or NumPy's generator draw in a trainer what they draw in plain Keras."""

import random

import keras
import numpy as np
import pytest

import multiloss as ml

ROWS = np.random.default_rng(0).normal(size=(4, 3)).astype("float32")


@keras.saving.register_keras_serializable("test_draws")
class Drawn(keras.layers.Layer):
    """Scales by a drawn number, as Keras's own AugMix chooses drawn layers."""

    def call(self, inputs, training=False):
        return inputs * (random.choice([1.0, 2.0, 3.0]) + np.random.uniform()) if training else inputs

    def compute_output_shape(self, input_shape):
        return input_shape


def _model():
    keras.utils.set_random_seed(3)
    inputs = keras.Input((3,))
    hidden = keras.layers.Dense(4)(Drawn()(inputs))
    return keras.Model(inputs, {name: keras.layers.Dense(1, name=name)(hidden) for name in ("a", "b")})


def _trained(balancer, ours):
    model = _model()
    loss = {"a": "mse", "b": "mae"}
    if ours:
        trained = ml.compile(model, keras.optimizers.SGD(0.01), loss=loss, balancer=balancer)
    else:
        trained = model
        model.compile(keras.optimizers.SGD(0.01), loss=loss)
    keras.utils.set_random_seed(5)
    trained.fit(ROWS, {"a": ROWS[:, :1], "b": ROWS[:, 1:2]}, batch_size=2, epochs=1, shuffle=False, verbose=0)
    return [random.random(), np.random.uniform()], model.get_weights()


@pytest.mark.skipif(keras.backend.backend() == "tensorflow", reason="Keras traces its first step twice there")
def test_a_trainer_draws_as_often_as_keras():
    drawn, weights = _trained(None, ours=False)
    drawn_here, weights_here = _trained(None, ours=True)
    assert drawn_here == drawn
    for plain, ours in zip(weights, weights_here, strict=True):
        np.testing.assert_allclose(ours, plain, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("balancer", ["pcgrad", "uncertainty"])
def test_what_a_balancer_looks_at_draws_nothing(balancer):
    """Balancers that read gradients trace a step more often, to see what terms are connected to."""
    assert _trained(balancer, ours=True)[0] == _trained(None, ours=True)[0]


@keras.saving.register_keras_serializable("test_draws")
class NeedsNumbers(keras.layers.Layer):
    """Cannot be traced on PyTorch's meta device, so that Keras tries it on numbers."""

    def call(self, inputs):
        if keras.backend.backend() == "torch":
            inputs = inputs + 0.0 * float(inputs.detach().mean())
        return inputs

    def compute_output_shape(self, input_shape):
        return input_shape


def test_compile_draws_nothing():
    """A look at a model that cannot be traced without numbers draws from PyTorch's generator."""
    inputs = keras.Input((3,))
    hidden = keras.layers.Dropout(0.5)(NeedsNumbers()(inputs))
    model = keras.Model(inputs, {name: keras.layers.Dense(1, name=name)(hidden) for name in ("a", "b")})
    program = ml.compile(model, "sgd", loss={"a": "mse", "b": "mae"}).program
    before = program.random_state()
    ml.compile(model, "sgd", loss={"a": "mse", "b": "mae"})
    for name, state in program.random_state().items():
        np.testing.assert_array_equal(state, before[name])
