"""The Gramian that a balancer reads is that of the terms' gradients, however the backward passes were run."""

import keras
import numpy as np
import pytest
from keras import layers, ops
from revealing import Reveal, RevealNorms

import multiloss as ml

NAMES = ("a", "b", "c")


def _targets(samples, seed=1):
    generator = np.random.default_rng(seed)
    return {name: generator.normal(size=(samples, 2)).astype("float32") for name in NAMES}


def _heads(hidden):
    return {name: layers.Dense(2, name=f"{name}_head")(hidden) for name in NAMES}


def _dense(width=24):
    """Wider than the batch: through positions; the bias of the first is left out."""
    inputs = keras.Input((6,))
    hidden = layers.Dense(width, activation="tanh", use_bias=False, name="first")(inputs)
    hidden = layers.Dense(width, activation="relu", kernel_regularizer="l2", name="second")(hidden)
    return keras.Model(inputs, _heads(hidden))


def _sequence(vocabulary=500, width=64):
    """Embedding, a dense layer on every position, a layer that is called twice, and one that is no dense layer."""
    inputs = keras.Input((5,), dtype="int32")
    hidden = layers.Embedding(vocabulary, width, name="table")(inputs)
    hidden = layers.Dense(width, activation="tanh", name="positions")(hidden)
    twice = layers.Dense(width, activation="tanh", name="twice")
    hidden = layers.LayerNormalization(name="norm")(twice(twice(hidden)))
    return keras.Model(inputs, _heads(layers.GlobalAveragePooling1D()(hidden)))


def _nested():
    inner_inputs = keras.Input((6,))
    inner = keras.Model(inner_inputs, layers.Dense(20, activation="tanh", name="inside")(inner_inputs), name="inner")
    inputs = keras.Input((6,))
    hidden = layers.BatchNormalization(name="norm")(inner(inputs))
    return keras.Model(inputs, _heads(layers.Dropout(0.3, seed=1)(hidden)))


@keras.saving.register_keras_serializable("tests")
class Tied(layers.Layer):
    """Reads the kernel of a dense layer once more, around its call."""

    def __init__(self, dense, **kwargs):
        super().__init__(**kwargs)
        self.dense = dense

    def call(self, inputs):
        return ops.matmul(inputs, ops.transpose(self.dense.kernel))


def _tied():
    inputs = keras.Input((6,))
    dense = layers.Dense(30, activation="tanh", name="tied")
    hidden = Tied(dense, name="back")(dense(inputs))
    return keras.Model(inputs, _heads(hidden))


def _x(model, samples):
    generator = np.random.default_rng(0)
    if model.inputs[0].dtype == "int32":
        return generator.integers(0, 6, (samples, *model.inputs[0].shape[1:])).astype("int32")
    return generator.normal(size=(samples, *model.inputs[0].shape[1:])).astype("float32")


def _shown(model, samples, **settings):
    """The Gramian of the weighted terms from a probe, which forms all gradients, and the one that was shown."""
    x, y = _x(model, samples), _targets(samples)
    weights = {"a": 1.0, "b": 20.0, "c": 0.1}
    kind = RevealNorms if settings.pop("norms", False) else Reveal
    trainer = ml.compile(
        model, "sgd", loss=dict.fromkeys(NAMES, "mse"), loss_weights=weights, balancer=kind(**settings)
    )
    probe = trainer.probe(x, y)
    names = [probe.names.index(name) for name in NAMES]
    user = probe.weights[names]
    trainer.train_on_batch(x, y)
    assert trainer.program.plan.sharing is not None
    shown = ops.convert_to_numpy(trainer.state.read("balancer/")["gramian"])
    return probe.gramian[np.ix_(names, names)] * np.outer(user, user), shown, trainer


@pytest.mark.parametrize("backward", ["loop", "batched"])
@pytest.mark.parametrize(
    ("build", "samples", "tapped"),
    [
        (_dense, 4, {"first", "second"}),
        (_dense, 70, set()),
        (_sequence, 2, {"table", "positions", "twice"}),
        (lambda: _sequence(6, 8), 40, set()),
        (_nested, 5, {"inside"}),
        (_tied, 5, set()),
    ],
    ids=["dense", "dense large batch", "sequence", "sequence small table", "nested", "tied"],
)
def test_the_gramian_is_that_of_all_gradients(build, samples, tapped, backward):
    keras.utils.set_random_seed(0)
    expected, shown, trainer = _shown(build(), samples, backward=backward)
    size = np.sqrt(np.diag(expected))
    np.testing.assert_allclose(shown / np.outer(size, size), expected / np.outer(size, size), atol=1e-5)
    assert {captured.layer.name for captured in trainer.program.plan.sharing.captured} == tapped


def test_squared_norms_alone():
    keras.utils.set_random_seed(0)
    for build, samples in ((_dense, 4), (_dense, 70), (_sequence, 2)):
        expected, shown, _ = _shown(build(), samples, norms=True)
        np.testing.assert_allclose(shown, np.diag(expected), rtol=1e-5)


def test_compiled_it_is_the_same():
    x, y = _targets(8)["a"][:, :1] * np.ones((1, 6), "float32"), _targets(8)
    results = []
    for eager in (True, False):
        keras.utils.set_random_seed(0)
        model = _nested()
        trainer = ml.compile(model, "sgd", loss=dict.fromkeys(NAMES, "mse"), balancer=Reveal(), run_eagerly=eager)
        trainer.fit(x, y, batch_size=4, epochs=2, shuffle=False, verbose=0)
        results.append(ops.convert_to_numpy(trainer.state.read("balancer/")["gramian"]))
    np.testing.assert_allclose(results[0], results[1], atol=1e-5 * results[0].max())


def _tanh_trunk():
    inputs = keras.Input((6,))
    hidden = layers.Dense(5, activation="tanh", name="trunk")(inputs)
    return keras.Model(inputs, _heads(layers.Identity(name="features")(hidden)))


@pytest.mark.parametrize("layer", ["features", "trunk"])
@pytest.mark.parametrize("backward", ["loop", "batched"])
def test_a_representation_is_measured_at_the_layers_output(layer, backward):
    keras.utils.set_random_seed(0)
    model = _tanh_trunk()
    x, y = _x(model, 7), _targets(7)
    hidden = keras.Model(model.input, model.get_layer("features").output).predict(x, verbose=0).astype("float64")
    rows = []
    for name in NAMES:
        kernel, bias = model.get_layer(f"{name}_head").get_weights()
        delta = 2.0 * (hidden @ kernel + bias - y[name]) / y[name].size
        rows.append((delta @ kernel.T).ravel())
    expected = np.stack(rows) @ np.stack(rows).T
    reveal = Reveal(wrt=f"representation:{layer}", backward=backward)
    trainer = ml.compile(model, "sgd", loss=dict.fromkeys(NAMES, "mse"), balancer=reveal)
    trainer.train_on_batch(x, y)
    shown = ops.convert_to_numpy(trainer.state.read("balancer/")["gramian"])
    np.testing.assert_allclose(shown, expected, rtol=1e-4, atol=1e-6)


def test_a_representation_that_is_not_there():
    trainer = ml.compile(
        _tanh_trunk(), "sgd", loss=dict.fromkeys(NAMES, "mse"), balancer=ml.aggregation.MGDA(wrt="representation:trunc")
    )
    with pytest.raises(ValueError, match=r"representation:trunc.*trunk"):
        trainer.train_on_batch(np.ones((4, 6), "float32"), _targets(4))


def test_backward_is_checked_and_saved():
    with pytest.raises(ValueError, match="loop"):
        ml.aggregation.MGDA(backward="fast")
    assert ml.aggregation.MGDA.from_config(ml.aggregation.MGDA(backward="loop").get_config()).backward == "loop"
