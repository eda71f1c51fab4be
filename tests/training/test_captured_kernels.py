"""Convolutions and attention whose gradients are not formed give the inner products of the gradients that they have."""

import keras
import numpy as np
import pytest
from explicit import step_of
from keras import layers, ops
from revealing import Reveal, RevealNorms

import multiloss as ml
from backend import NAME
from multiloss.training.rows import Products

SAMPLES, NAMES = 3, ("a", "b", "c")


def _one_axis():
    inputs = keras.Input((9, 2))
    hidden = layers.Conv1D(4, 3, padding="causal", dilation_rate=2, activation="tanh", name="causal")(inputs)
    hidden = layers.Conv1D(5, 4, padding="same", strides=2, use_bias=False, name="same")(hidden)
    return inputs, layers.Conv1D(3, 2, dilation_rate=2, activation="tanh", name="valid")(hidden)


def _two_axes():
    """Even kernels, other strides along each axis, one layer called at two sizes, one that is 1 x 1."""
    inputs = keras.Input((9, 8, 3))
    hidden = layers.Conv2D(4, (3, 2), strides=2, padding="same", activation="relu", name="strided")(inputs)
    twice = layers.Conv2D(4, (2, 3), padding="same", dilation_rate=(2, 1), activation="tanh", name="twice")
    hidden = layers.BatchNormalization(name="norm")(twice(layers.MaxPooling2D()(twice(hidden))))
    return inputs, layers.Conv2D(2, 1, name="single")(hidden)


def _channels_first():
    inputs = keras.Input((2, 7, 6))
    options = {"padding": "same", "data_format": "channels_first"}
    hidden = layers.Conv2D(4, 3, strides=(2, 2), activation="tanh", name="strided", **options)(inputs)
    return inputs, layers.Conv2D(3, (2, 4), dilation_rate=(1, 2), name="dilated", **options)(hidden)


def _three_axes():
    inputs = keras.Input((4, 5, 3, 2))
    hidden = layers.Conv3D(4, (2, 3, 2), padding="same", activation="tanh", name="same")(inputs)
    return inputs, layers.Conv3D(3, 2, strides=(2, 2, 1), name="valid")(hidden)


def _attention():
    """Self and cross attention, and dense layers over axes in another order than usual."""
    inputs = keras.Input((4, 6))
    hidden = layers.MultiHeadAttention(2, 3, name="self")(inputs, inputs)
    summary = layers.EinsumDense("abc,bd->adc", (3, 6), bias_axes="dc", activation="tanh", name="across")(hidden)
    hidden = layers.GroupQueryAttention(4, 4, 2, use_gate=True, name="cross")(hidden, summary)
    hidden = layers.EinsumDense("...x,xyz->...zy", (2, 3), bias_axes="y", name="dots")(hidden)
    return inputs, layers.EinsumDense("abzy,yzw->awb", (5, 4), name="whole")(hidden)


CASES = {
    "one axis": (_one_axis, {"causal", "same", "valid"}),
    "two axes": (_two_axes, {"strided", "twice", "single"}),
    "three axes": (_three_axes, {"same", "valid"}),
    "attention": (
        _attention,
        {"query", "key", "value", "gate", "attention_output", "across", "dots", "whole"},
    ),
}
if NAME != "tensorflow":  # whose convolutions on a CPU know one order
    CASES["channels first"] = (_channels_first, {"strided", "dilated"})


def _model(build):
    keras.utils.set_random_seed(0)
    inputs, hidden = build()
    hidden = layers.Flatten(name="features")(hidden)
    return keras.Model(inputs, {name: layers.Dense(2, name=name)(hidden) for name in NAMES})


def _data(model):
    generator = np.random.default_rng(0)
    x = generator.normal(size=(SAMPLES, *model.inputs[0].shape[1:])).astype("float32")
    return x, {name: generator.normal(size=(SAMPLES, 2)).astype("float32") for name in NAMES}


def _explicit(model, x, y):
    """The Gramian of the gradients by all variables but the heads', by the backend's own derivatives."""

    def losses(targets, outputs):
        return {name: ops.mean(keras.losses.mean_squared_error(targets[name], outputs[name])) for name in NAMES}

    _, rows, _ = step_of(model, losses, x, y)
    shared = [v.path for v in model.trainable_variables if v.path.split("/")[0] not in NAMES]
    flat = np.stack([np.concatenate([rows[name][path].ravel() for path in shared]) for name in NAMES])
    return flat.astype("float64") @ flat.T.astype("float64")


def _shown(model, x, y, kind=Reveal, **settings):
    trainer = ml.compile(model, keras.optimizers.SGD(0.0), loss=dict.fromkeys(NAMES, "mse"), balancer=kind(**settings))
    trainer.train_on_batch(x, y)
    shown = ops.convert_to_numpy(trainer.state.read("balancer/")["gramian"])
    return shown, {captured.layer.name for captured in trainer.program.plan.sharing.captured}


@pytest.fixture
def whatever_it_costs(monkeypatch):
    monkeypatch.setattr(Products, "pays", lambda *args, **settings: True)


def _apart(shown, expected):
    size = np.sqrt(np.diag(expected))
    scale = size**2 if shown.ndim == 1 else np.outer(size, size)
    return np.max(np.abs(shown - (np.diag(expected) if shown.ndim == 1 else expected)) / scale)


@pytest.mark.parametrize("case", CASES)
def test_the_gramian_is_that_of_the_gradients(case, whatever_it_costs):
    build, names = CASES[case]
    model = _model(build)
    x, y = _data(model)
    expected = _explicit(model, x, y)
    shown, captured = _shown(model, x, y)
    assert _apart(shown, expected) < 1e-5
    assert captured == names


def test_lengths_alone(whatever_it_costs):
    model = _model(_two_axes)
    x, y = _data(model)
    assert _apart(_shown(model, x, y, RevealNorms, backward="batched")[0], _explicit(model, x, y)) < 1e-5


def test_a_frozen_kernel_is_no_part_of_the_gramian(whatever_it_costs):
    """Its layer's bias still is, and so are other layers."""
    model = _model(_two_axes)
    model.get_layer("strided").kernel.trainable = False
    x, y = _data(model)
    shown, captured = _shown(model, x, y)
    assert _apart(shown, _explicit(model, x, y)) < 1e-5
    assert captured == {"twice", "single"}
