"""A term that cannot reach what gradients are taken over is no term whose gradient is zero."""

import keras
import numpy as np
import pytest
from keras import ops
from models import weights_of

import multiloss as ml


def _skipping():
    """A trunk, a code above it, and an output `mask` that goes around the code."""
    keras.utils.set_random_seed(1)
    inputs = keras.Input((4,))
    trunk = keras.layers.Dense(6, activation="tanh", name="trunk")(inputs)
    code = keras.layers.Dense(3, activation="tanh", name="code")(trunk)
    heads = {
        "mask": keras.layers.Dense(2, name="mask_head")(trunk),
        "size": keras.layers.Dense(1, name="size_head")(code),
        "angle": keras.layers.Dense(1, name="angle_head")(code),
    }
    return keras.Model(inputs, heads)


def _data():
    generator = np.random.default_rng(0)
    sizes = {"mask": 2, "size": 1, "angle": 1}
    return generator.normal(size=(8, 4)).astype("float32"), {
        name: generator.normal(size=(8, size)).astype("float32") for name, size in sizes.items()
    }


LOSS = {"mask": "mse", "size": "mse", "angle": "mse"}


@pytest.mark.parametrize("wrt", ["representation:code", "code", "last_shared"])
def test_a_term_that_goes_around_the_layer_is_refused_by_name(wrt):
    model = _skipping()
    trainer = ml.compile(model, "sgd", loss=LOSS, balancer=ml.aggregation.MGDA(wrt=wrt))
    before = weights_of(model)
    message = r"MGDA.*wrt=.*Received: 'mask', which.*all terms reach: trunk\. .*balanced="
    for train in (trainer.fit, trainer.train_on_batch):
        with pytest.raises(ValueError, match=message):
            train(*_data())
    for after, value in zip(weights_of(model), before, strict=True):
        np.testing.assert_array_equal(after, value)


@pytest.mark.parametrize("wrt", ["representation:trunk", "trunk", "shared"])
def test_layers_that_all_terms_reach_are_taken(wrt):
    trainer = ml.compile(_skipping(), "sgd", loss=LOSS, balancer=ml.aggregation.MGDA(wrt=wrt))
    logs = trainer.train_on_batch(*_data(), return_dict=True)
    assert sum(float(logs[f"{name}_weight"]) for name in LOSS) == pytest.approx(3.0, rel=1e-5)


def test_a_gradient_that_happens_to_be_zero_is_absent():
    """A dead unit: the code is reached, and nothing flows."""
    model = _skipping()
    model.get_layer("size_head").kernel.assign(np.zeros((3, 1)))
    trainer = ml.compile(
        model, "sgd", loss={"size": "mse", "angle": "mse"}, balancer=ml.aggregation.MGDA(wrt="representation:code")
    )
    logs = trainer.train_on_batch(*_data(), return_dict=True)
    assert float(logs["size_weight"]) == 0.0
    assert float(logs["angle_weight"]) == pytest.approx(1.0)


def _aside():
    """As `_skipping`, with an output that shares nothing with the others."""
    model = _skipping()
    alone = keras.layers.Dense(1, name="aside")(model.input)
    return keras.Model(model.input, {**model.output, "aside": alone})


@pytest.mark.parametrize("heads", ["unweighted", "weighted"])
def test_a_term_that_shares_nothing_keeps_the_users_weight_and_the_others_are_balanced_without_it(heads):
    x, y = _data()
    y = {**y, "aside": y["size"] * 2}
    balancer = ml.aggregation.MGDA(heads=heads)
    model = _aside()
    trainer = ml.compile(model, "sgd", loss={**LOSS, "aside": "mse"}, loss_weights={"aside": 0.5}, balancer=balancer)
    before = ops.convert_to_numpy(model.get_layer("aside").kernel).copy()
    with pytest.warns(UserWarning, match=r"MGDA cannot weigh 'aside'.*wrt='shared'.*user's weights hold for it"):
        logs = trainer.train_on_batch(x, y, return_dict=True)
    without = ml.compile(_aside(), "sgd", loss=LOSS, balancer=balancer).train_on_batch(x, y, return_dict=True)
    assert float(logs["aside_weight"]) == pytest.approx(0.5)
    for name in LOSS:
        assert float(logs[f"{name}_weight"]) == pytest.approx(float(without[f"{name}_weight"]), rel=1e-4)
    # One step of plain gradient descent on 0.5 mean (x w - y)^2: the gradient is x'(x w - y) / n.
    gradient = x.T @ (x @ before - y["aside"]) / len(x)
    after = ops.convert_to_numpy(model.get_layer("aside").kernel)
    np.testing.assert_allclose(after, before - 0.01 * gradient, rtol=1e-4, atol=1e-6)
