"""Layers that are frozen, or not any more, between two calls of `fit`: as in plain Keras, or one error."""

import keras
import numpy as np
import pytest
from keras import ops
from models import data, losses, two_heads, weights_of

import multiloss as ml

BALANCERS = [None, "uncertainty", "mgda", "upgrad", ml.aggregation.MGDA(wrt="representation:trunk")]


def _fit(trainer, **arguments):
    x, y = data(16)
    trainer.fit(x, y, batch_size=8, epochs=1, shuffle=False, verbose=0, **arguments)


def _trained_anew(frozen, optimizer, weights):
    """One epoch of a trainer that was compiled with the layer as it is now, from given weights."""
    model = two_heads()
    model.get_layer("value_head").trainable = not frozen
    model.set_weights(weights)
    trainer = ml.compile(model, optimizer, loss=losses())
    _fit(trainer)
    return weights_of(model)


@pytest.mark.parametrize("balancer", BALANCERS, ids=str)
def test_a_layer_frozen_between_two_fits_rests_and_the_others_go_on(balancer):
    model = two_heads()
    trainer = ml.compile(model, keras.optimizers.Adam(0.01), loss=losses(), balancer=balancer)
    _fit(trainer)
    frozen, trunk = model.get_layer("value_head"), model.get_layer("trunk")
    frozen.trainable = False
    before = [ops.convert_to_numpy(layer.kernel).copy() for layer in (frozen, trunk)]
    _fit(trainer)
    np.testing.assert_array_equal(ops.convert_to_numpy(frozen.kernel), before[0])
    assert np.abs(ops.convert_to_numpy(trunk.kernel) - before[1]).max() > 1e-4
    frozen.trainable = True
    _fit(trainer)
    assert np.abs(ops.convert_to_numpy(frozen.kernel) - before[0]).max() > 1e-4


def test_the_step_with_a_frozen_layer_is_that_of_a_trainer_compiled_with_it():
    """SGD has no memory: freezing between two fits must then be the same as compiling with the layer frozen."""
    model = two_heads()
    trainer = ml.compile(model, keras.optimizers.SGD(0.1), loss=losses())
    _fit(trainer)
    weights = weights_of(model)
    expected = _trained_anew(True, keras.optimizers.SGD(0.1), model.get_weights())
    model.get_layer("value_head").trainable = False
    _fit(trainer)
    assert np.abs(weights[0] - weights_of(model)[0]).max() > 1e-5
    for got, wanted in zip(sorted(weights_of(model), key=_key), sorted(expected, key=_key), strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-5, atol=1e-7)


def _key(array):
    return array.shape, float(np.abs(array).sum())


@pytest.mark.parametrize("balancer", [None, "mgda"])
def test_unfreezing_what_the_optimizer_does_not_know_says_to_compile_again(balancer):
    model = two_heads()
    model.get_layer("value_head").trainable = False
    trainer = ml.compile(model, "adam", loss=losses(), balancer=balancer)
    _fit(trainer)
    before = weights_of(model)
    model.get_layer("value_head").trainable = True
    with pytest.raises(ValueError, match=r"value_head/kernel.*Compile again"):
        _fit(trainer)
    x, y = data(16)
    with pytest.raises(ValueError, match=r"value_head/kernel.*Compile again"):
        trainer.train_on_batch(x, y)
    for after, first in zip(weights_of(model), before, strict=True):
        assert after.shape == first.shape
    trainer.compile("adam", loss=losses(), balancer=balancer)
    _fit(trainer)


def test_a_probe_sees_what_is_trained_now():
    model = two_heads()
    trainer = ml.compile(model, "sgd", loss=losses(), balancer="mgda")
    x, y = data(16)
    assert any("value_head" in layers for layers in trainer.probe(x, y).connected)
    model.get_layer("value_head").trainable = False
    assert not any("value_head" in layers for layers in trainer.probe(x, y).connected)


@pytest.mark.parametrize(
    "balancer",
    ["mgda", ml.aggregation.UPGrad(wrt="trunk"), ml.aggregation.MGDA(wrt="representation:trunk", every=2)],
    ids=str,
)
def test_one_compile_line_serves_both_phases_of_fine_tuning(balancer):
    """With the trunk frozen nothing is shared: the user's weights hold, as with `balancer=None`."""

    def compiled(model, balancer):
        return ml.compile(
            model, keras.optimizers.SGD(0.1), loss=losses(), loss_weights={"value": 0.5}, balancer=balancer
        )

    plain, model = two_heads(), two_heads()
    for each in (plain, model):
        each.get_layer("trunk").trainable = False
    _fit(compiled(plain, None))
    trainer = compiled(model, balancer)
    x, y = data(16)
    with pytest.warns(UserWarning, match=r"balances gradients.*frozen \(trunk\): the user's weights hold"):
        logs = trainer.fit(x, y, batch_size=8, shuffle=False, verbose=0).history
    for got, wanted in zip(weights_of(model), weights_of(plain), strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-5, atol=1e-7)
    assert [logs["value_weight"][0], logs["label_weight"][0]] == pytest.approx([0.5, 1.0])
    model.get_layer("trunk").trainable = True
    before = weights_of(model)[0]
    trainer = compiled(model, balancer)
    _fit(trainer)
    assert np.abs(weights_of(model)[0] - before).max() > 1e-4
    assert trainer.program.plan.sharing.shared


@pytest.mark.parametrize("balancer", [None, "mgda"])
def test_everything_frozen_is_a_warning_as_in_keras(balancer):
    model = two_heads(norm=True)
    model.trainable = False
    trainer = ml.compile(model, "adam", loss=losses(), balancer=balancer)
    before = weights_of(model)
    x, y = data(16)
    with pytest.warns(UserWarning, match="does not have any trainable weights"):
        history = trainer.fit(x, y, verbose=0).history
    assert history["loss"][0] > 0.1
    for after, value in zip(weights_of(model), before, strict=True):
        np.testing.assert_array_equal(after, value)


def test_a_model_that_was_not_built_at_compile_is_noticed_too():
    """Its variables are known after the first look at data: what is frozen after the first `fit` rests."""
    model = keras.Sequential([keras.layers.Dense(3, name="first"), keras.layers.Dense(1, name="second")])
    trainer = ml.compile(model, keras.optimizers.Adam(0.1), loss="mse")
    x = data(16)[0]
    trainer.fit(x, x[:, :1], batch_size=8, verbose=0)
    model.get_layer("second").trainable = False
    before = weights_of(model)
    trainer.fit(x, x[:, :1], batch_size=8, verbose=0)
    after = weights_of(model)
    assert np.abs(after[0] - before[0]).max() > 1e-4
    np.testing.assert_array_equal(after[2], before[2])
