"""Layers that assign variables in their call, trainable ones or ones in no list of the model: as in plain Keras."""

import keras
import numpy as np
import pytest
from keras import ops
from models import data, largest_difference, weights_of

import multiloss as ml

LOSS = {"value": "mse", "label": "sparse_categorical_crossentropy"}
WEIGHTS = {"value": 0.7, "label": 2.0}
WRITES = keras.backend.backend() != "jax"


class Average(keras.layers.Layer):
    """Pulls towards a running mean that no gradient may pass through, as in a vector quantiser."""

    def build(self, shape):
        self.mean = self.add_weight(shape=(shape[-1],), trainable=False, initializer="ones")

    def call(self, inputs, training=False):
        if training:
            self.mean.assign(0.5 * self.mean + 0.5 * ops.mean(inputs, axis=0))
        return inputs * self.mean


COUNTED = {}


class Counts(keras.layers.Layer):
    """Writes a variable that stands in no list of the model's."""

    def call(self, inputs):
        counter = COUNTED["variable"]
        counter.assign(counter.value + 1.0)
        return inputs * (1.0 + 0.1 * counter.value)


class Noise(keras.layers.Layer):
    """Draws from Keras's own generator, which belongs to no model."""

    def call(self, inputs):
        return inputs + keras.random.normal(ops.shape(inputs), stddev=0.1)


def _model(kind):
    keras.utils.set_random_seed(1)
    COUNTED["variable"] = keras.Variable(0.0, trainable=False, name="counter")
    trunk = keras.layers.Dense(8, activation="tanh", kernel_regularizer="l2" if kind == "regularized" else None)
    inputs = keras.Input((4,))
    if kind in ("spectral", "regularized", "shared"):
        trunk = keras.layers.SpectralNormalization(trunk, name="trunk")
        hidden = trunk(inputs)
        if kind == "shared":
            hidden = hidden + trunk(-0.3 * inputs)
    else:
        hidden = {"average": Average, "counts": Counts, "noise": Noise}[kind]()(trunk(inputs))
    heads = {
        "value": keras.layers.Dense(2, name="value_head")(hidden),
        "label": keras.layers.Dense(3, activation="softmax", name="label_head")(hidden),
    }
    return keras.Model(inputs, heads)


def _fitted(kind, compiled):
    model = _model(kind)
    x, y = data()
    keras.utils.set_random_seed(2)
    compiled(model).fit(x, y, batch_size=20, epochs=2, shuffle=False, verbose=0)
    return [*weights_of(model), np.array(ops.convert_to_numpy(COUNTED["variable"]))]


def _plain(model):
    model.compile(keras.optimizers.Adam(0.01), loss=LOSS, loss_weights=WEIGHTS)
    return model


def _ours(model, balancer=None, weights=WEIGHTS):
    return ml.compile(model, keras.optimizers.Adam(0.01), loss=LOSS, loss_weights=weights, balancer=balancer)


KINDS = ["spectral", "regularized", "shared", "average", "counts"]


@pytest.mark.parametrize("kind", [*KINDS, *(["noise"] if WRITES else [])])
def test_same_weights_and_state_as_keras(kind):
    """On JAX Keras refuses to draw from its own generator in a compiled step, so that there is nothing to compare."""
    expected = _fitted(kind, _plain)
    assert largest_difference(expected, _fitted(kind, _ours)) < 1e-6
    if kind == "counts":
        assert expected[-1] == (6.0 if WRITES else 0.0)


class Constant(ml.aggregation.Aggregator):
    """Reads the gradients, and gives the weights of the plain model."""

    def raw_weights(self, signals, state):
        return ops.convert_to_tensor(np.array([0.7, 2.0], "float32")), state


@pytest.mark.parametrize(("kind", "backward"), [("shared", "loop"), ("shared", "batched"), ("average", "auto")])
def test_the_same_where_a_balancer_reads_gradients(kind, backward):
    balancer = Constant(heads="weighted", normalize="none", backward=backward)
    expected = _fitted(kind, _plain)
    assert largest_difference(expected, _fitted(kind, lambda model: _ours(model, balancer, None))) < 1e-6


@pytest.mark.skipif(not WRITES, reason="on JAX Keras takes the gradient through the normalisation, and so do we")
def test_inner_products_are_those_at_the_assigned_weights():
    """One power iteration from u: v = uW', u = vW, each of length 1, and the kernel is divided by s = vWu'."""
    x, y = data(16)
    model = _model("spectral")
    layer = model.get_layer("trunk")
    kernel, u = (np.array(ops.convert_to_numpy(v), "float64") for v in (layer.kernel, layer.vector_u))
    v = u @ kernel.T / np.linalg.norm(u @ kernel.T)
    u = v @ kernel / np.linalg.norm(v @ kernel)
    plain = _model("spectral")
    inputs = keras.Input((4,))
    dense = plain.get_layer("trunk").layer
    dense.kernel.assign(kernel / (v @ kernel @ u.T))
    hidden = dense(inputs)
    plain = keras.Model(inputs, {name: plain.get_layer(f"{name}_head")(hidden) for name in ("value", "label")})
    found, expected = (_ours(m, "mgda").probe(x, y) for m in (model, plain))
    np.testing.assert_allclose(found.gramian, expected.gramian, rtol=1e-4)
    np.testing.assert_array_equal(ops.convert_to_numpy(layer.kernel), kernel.astype("float32"))  # nothing was written


def test_a_step_that_is_not_finite_leaves_all_of_it_unwritten():
    for kind in ("spectral", "counts"):
        model = _model(kind)
        trainer = _ours(model)
        before = [*weights_of(model), np.array(ops.convert_to_numpy(COUNTED["variable"]))]
        x, y = data(8)
        x[0, 0] = np.nan
        with pytest.raises(ValueError, match="not finite"):
            trainer.train_on_batch(x, y)
        after = [*weights_of(model), np.array(ops.convert_to_numpy(COUNTED["variable"]))]
        assert largest_difference(before, after) == 0.0
