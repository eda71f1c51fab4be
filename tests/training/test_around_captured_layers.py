"""A weight that a term reads around its layer's call counts, where the layer's gradients are not formed."""

import keras
import numpy as np
import pytest
from keras import layers, ops
from scipy.optimize import minimize

import multiloss as ml

SAMPLES, WIDTH = 4, 40
USER = {"a": 1.0, "b": 2.0, "size": 0.2}


@keras.saving.register_keras_serializable("tests")
def size_of_the_trunk(model):
    """Reads the kernel itself; the layer's inputs and outputs say nothing of it."""
    return ops.sum(ops.square(model.get_layer("trunk").kernel))


@keras.saving.register_keras_serializable("tests")
def size_and_outputs(model, y_pred):
    """Reaches the kernel both ways."""
    return ops.mean(y_pred["a"]) * ops.sum(ops.square(model.get_layer("trunk").kernel))


def _model():
    keras.utils.set_random_seed(3)
    inputs = keras.Input((6,))
    hidden = layers.Dense(WIDTH, activation="tanh", name="trunk")(inputs)
    return keras.Model(inputs, {name: layers.Dense(2, name=f"{name}_head")(hidden) for name in ("a", "b")})


def _data():
    generator = np.random.default_rng(0)
    x = generator.normal(size=(SAMPLES, 6)).astype("float32")
    return x, {name: generator.normal(size=(SAMPLES, 2)).astype("float32") for name in ("a", "b")}


def _rows(model, x, y, joint):
    """The gradients of the user-weighted terms by the trunk's kernel and bias, by the chain rule in NumPy."""
    kernel, bias = (array.astype("float64") for array in model.get_layer("trunk").get_weights())
    hidden = np.tanh(x @ kernel + bias)

    def through(name, by_output):
        before = by_output @ model.get_layer(f"{name}_head").get_weights()[0].T * (1.0 - hidden**2)
        return np.concatenate([(x.T @ before).ravel(), before.sum(axis=0)])

    rows, outputs = {}, {}
    for name in ("a", "b"):
        head, offset = model.get_layer(f"{name}_head").get_weights()
        outputs[name] = hidden @ head + offset
        rows[name] = through(name, 2.0 * (outputs[name] - y[name]) / y[name].size)
    around = np.concatenate([2.0 * kernel.ravel(), np.zeros(WIDTH)])
    if joint is size_and_outputs:
        mean, squares = outputs["a"].mean(), (kernel**2).sum()
        rows["size"] = mean * around + squares * through("a", np.full_like(outputs["a"], 1.0 / outputs["a"].size))
    else:
        rows["size"] = around
    return np.stack([USER[name] * rows[name] for name in USER])


def _trainer(model, balancer, joint):
    loss = {"a": "mse", "b": "mse", **({} if joint is None else {"size": ml.Joint(joint)})}
    weights = {name: USER[name] for name in loss}
    return ml.compile(model, keras.optimizers.SGD(0.0), loss=loss, loss_weights=weights, balancer=balancer)


def _balance(trainer, x, y):
    """What the balancer gave to each term: its logged weight over the user's."""
    logs = trainer.train_on_batch(x, y, return_dict=True)
    return np.array([float(logs[f"{name}_weight"]) / USER[name] for name in USER if f"{name}_weight" in logs])


@pytest.mark.parametrize("joint", [size_of_the_trunk, size_and_outputs])
def test_the_min_norm_point_is_that_of_all_gradients(joint):
    x, y = _data()
    model = _model()
    gramian = _rows(model, x, y, joint)
    gramian = gramian @ gramian.T
    found = minimize(
        lambda share: share @ gramian @ share / np.trace(gramian),
        np.full(3, 1 / 3),
        bounds=[(0.0, 1.0)] * 3,
        constraints={"type": "eq", "fun": lambda share: share.sum() - 1.0},
        options={"ftol": 1e-14},
    )
    balance = _balance(_trainer(model, ml.aggregation.MGDA(wrt="trunk"), joint), x, y)
    np.testing.assert_allclose(balance, 3.0 * found.x, atol=2e-3)
    assert balance[2] > 0.1  # the joint term has its say: the case is not an empty one


@pytest.mark.parametrize("joint", [size_of_the_trunk, size_and_outputs])
def test_lengths_alone_are_those_of_all_gradients(joint):
    """EnCodec's first weights are 1 / |g_i|, here over the trunk."""
    x, y = _data()
    model = _model()
    inverse = 1.0 / np.linalg.norm(_rows(model, x, y, joint), axis=1)
    balance = _balance(_trainer(model, ml.aggregation.EncodecBalancer(wrt="trunk"), joint), x, y)
    np.testing.assert_allclose(balance, 3.0 * inverse / inverse.sum(), rtol=1e-4)


def test_without_the_joint_term_the_trunk_is_captured():
    """Else the tests above would not see a weight that is left to a captured layer."""
    x, y = _data()
    for member in (ml.aggregation.MGDA(wrt="trunk"), ml.aggregation.EncodecBalancer(wrt="trunk")):
        trainer = _trainer(_model(), member, None)
        trainer.train_on_batch(x, y)
        assert [captured.layer.name for captured in trainer.program.plan.sharing.captured] == ["trunk"]
