"""Gradient balancers in real models: one step against explicit gradients of every term, layer by layer."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from explicit import step_of
from keras import layers, ops
from models import data as plain_data
from models import largest_difference, two_heads, weights_of
from models import losses as plain_terms

import multiloss as ml
from backend import NAME

RATE, CLIP = 0.05, 0.3
SHARED = "trunk"


def _heads(hidden):
    return {
        "value": layers.Dense(2, name="value_head")(hidden),
        "label": layers.Dense(3, activation="softmax", name="label_head")(hidden),
    }


def convolutional():
    """Conv2D, BatchNorm, Dropout, and regularisers on a shared and on a private layer."""
    keras.utils.set_random_seed(1)
    image = keras.Input((6, 6, 1))
    hidden = layers.Conv2D(4, 3, name="trunk_conv", kernel_regularizer=keras.regularizers.L2(0.05))(image)
    hidden = layers.BatchNormalization(name="trunk_norm")(hidden)
    hidden = layers.Dropout(0.3, seed=3)(layers.Activation("tanh")(hidden))
    return keras.Model(image, _heads(layers.Flatten()(hidden)))


def recurrent():
    """Embedding and LSTM."""
    keras.utils.set_random_seed(2)
    tokens = keras.Input((5,), dtype="int32")
    hidden = layers.LSTM(4, name="trunk_lstm")(layers.Embedding(12, 3, name="trunk_words")(tokens))
    return keras.Model(tokens, _heads(hidden))


def attentive():
    """Embedding, attention and layer norm."""
    keras.utils.set_random_seed(3)
    tokens = keras.Input((5,), dtype="int32")
    words = layers.Embedding(12, 4, name="trunk_words")(tokens)
    seen = layers.MultiHeadAttention(2, 3, name="trunk_attention")(words, words)
    hidden = layers.LayerNormalization(name="trunk_norm")(words + seen)
    return keras.Model(tokens, _heads(layers.GlobalAveragePooling1D()(hidden)))


def batch(model):
    rng = np.random.default_rng(0)
    shape = (8, *model.input_shape[1:])
    x = rng.normal(size=shape).astype("float32") if len(shape) == 4 else rng.integers(0, 9, shape).astype("int32")
    return x, {
        "value": rng.normal(size=(8, 2)).astype("float32"),
        "label": rng.integers(0, 3, 8).astype("int32"),
    }


USER = {"value": 2.0, "label": 0.5}


def _plain_losses(y, predictions):
    value = ops.mean(ops.square(predictions["value"] - ops.convert_to_tensor(y["value"])))
    chosen = ops.take_along_axis(predictions["label"], ops.convert_to_tensor(y["label"])[:, None], axis=1)
    return {"value": value, "label": -ops.mean(ops.log(chosen))}


# Three closed forms for two gradients, each of which is the published one times 2 over the sum of its weights.
def _mgda(first, second):
    share = np.clip(second @ (second - first) / ((first - second) @ (first - second)), 0.0, 1.0)
    return np.array([share, 1.0 - share])


def _pcgrad(first, second):
    product = min(first @ second, 0.0)
    return np.array([1.0 - product / (first @ first), 1.0 - product / (second @ second)])


def _imtl_g(first, second):
    # Equal projections on both unit gradients.
    one, two = first / np.linalg.norm(first), second / np.linalg.norm(second)
    difference = one - two
    share = second @ difference / ((second - first) @ difference)
    return np.array([share, 1.0 - share])


def _shared(path):
    return path.startswith(SHARED)


def _flat(gradients):
    return np.concatenate([gradients[path].ravel() for path in sorted(gradients) if _shared(path)])


def balanced_gradients(gradients, form):
    """What one step must apply: balanced on shared variables, the user's sum on private ones, regularisers as is."""
    rows = {name: USER[name] * _flat(gradients[name]) for name in USER}
    weights = form(*rows.values())
    weights = 2.0 * weights / np.abs(weights).sum()
    total = {}
    for path in gradients["value"]:
        total[path] = sum(
            USER[name] * (weight if _shared(path) else 1.0) * gradients[name][path]
            for name, weight in zip(USER, weights, strict=True)
        )
        if "regularization" in gradients:
            total[path] = total[path] + gradients["regularization"][path]
    return weights, total


CASES = [
    pytest.param(convolutional, "mgda", _mgda, {}, id="convolutional-mgda"),
    pytest.param(recurrent, ml.aggregation.PCGrad(order="fixed"), _pcgrad, {}, id="recurrent-pcgrad"),
    pytest.param(attentive, "imtl_g", _imtl_g, {"jit_compile": NAME != "torch"}, id="attentive-imtl_g-jit"),
]


@pytest.mark.parametrize(("build", "balancer", "form", "options"), CASES)
def test_one_step_is_that_of_explicit_gradients(build, balancer, form, options):
    twin, model = build(), build()
    x, y = batch(model)
    values, gradients, untrained = step_of(twin, _plain_losses, x, y)
    weights, total = balanced_gradients(gradients, form)
    # Clipping is of the whole balanced gradient. (TensorFlow measures a sparse one differently, so not there.)
    length, clip = np.sqrt(sum(np.sum(np.square(gradient)) for gradient in total.values())), None
    if build is convolutional:
        assert length > CLIP
        clip, total = CLIP, {path: CLIP / length * gradient for path, gradient in total.items()}
    expected = {
        variable.path: ops.convert_to_numpy(variable) - RATE * total[variable.path]
        for variable in twin.trainable_variables
    }
    optimizer = keras.optimizers.SGD(RATE, global_clipnorm=clip)
    trainer = ml.compile(model, optimizer, loss=plain_terms(), loss_weights=USER, balancer=balancer, **options)
    logs = trainer.train_on_batch(x, y, return_dict=True)
    for name, value in values.items():
        assert logs[f"{name}_loss"] == pytest.approx(value, rel=1e-5)
    for name, weight in zip(USER, weights, strict=True):
        assert logs[f"{name}_weight"] == pytest.approx(USER[name] * weight, rel=1e-4, abs=1e-6)
    for variable in model.trainable_variables:
        np.testing.assert_allclose(
            ops.convert_to_numpy(variable), expected[variable.path], atol=1e-5, err_msg=variable.path
        )
    # Statistics and seeds have moved as by one forward pass.
    for variable, value in zip(model.non_trainable_variables, untrained, strict=True):
        np.testing.assert_allclose(ops.convert_to_numpy(variable), value, rtol=1e-5, err_msg=variable.path)


def test_accumulated_gradients_are_those_of_balanced_steps():
    """Two steps at one point, each balanced by itself; then one update by their mean."""
    model = two_heads()
    x, y = plain_data(16)
    halves = [(x[rows], {name: target[rows] for name, target in y.items()}) for rows in (slice(8), slice(8, 16))]
    totals = [balanced_gradients(step_of(model, _plain_losses, *half)[1], _mgda)[1] for half in halves]
    before = {variable.path: ops.convert_to_numpy(variable).copy() for variable in model.trainable_variables}
    optimizer = keras.optimizers.SGD(RATE, gradient_accumulation_steps=2)
    trainer = ml.compile(model, optimizer, loss=plain_terms(), loss_weights=USER, balancer="mgda")
    trainer.train_on_batch(*halves[0])
    for variable in model.trainable_variables:
        np.testing.assert_array_equal(ops.convert_to_numpy(variable), before[variable.path])
    trainer.train_on_batch(*halves[1])
    for variable in model.trainable_variables:
        path = variable.path
        expected = before[path] - RATE * (totals[0][path] + totals[1][path]) / 2
        np.testing.assert_allclose(ops.convert_to_numpy(variable), expected, atol=1e-5)


def test_a_step_that_loss_scaling_skips_leaves_the_balancers_memory():
    x, y = plain_data(16)
    keras.config.set_dtype_policy("mixed_float16")
    try:
        model = two_heads()
    finally:
        keras.config.set_dtype_policy("float32")
    optimizer = keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.1), initial_scale=2.0**20)
    trainer = ml.compile(model, optimizer, loss=plain_terms(), balancer=ml.aggregation.GradVac(decay=0.5))
    start, skipped, applied = weights_of(model), 0, 0
    for _ in range(10):
        trainer.train_on_batch(x, y)
        steps = int(ops.convert_to_numpy(trainer.state["step"]))
        assert steps == int(ops.convert_to_numpy(optimizer.inner_optimizer.iterations))
        remembered = np.abs(ops.convert_to_numpy(trainer.state.read("balancer/")["cosines"])).max()
        if steps == 0:
            skipped += 1
            assert remembered == 0.0
            assert largest_difference(start, weights_of(model)) == 0.0
        else:
            applied += 1
            assert remembered > 0.0
    assert skipped > 0
    assert applied > 0


class Recording(keras.optimizers.SGD):
    """Remembers of what kind the gradients were that it got."""

    def apply(self, grads, trainable_variables=None):
        self.kinds = {
            variable.path: type(grad).__name__ for variable, grad in zip(self._trainable_variables, grads, strict=True)
        }
        return super().apply(grads, trainable_variables)


@pytest.mark.skipif(NAME != "tensorflow", reason="only TensorFlow has sparse gradients")
def test_an_embeddings_update_stays_sparse():
    model = recurrent()
    x, y = batch(model)
    optimizer = Recording(RATE)
    trainer = ml.compile(model, optimizer, loss=plain_terms(), balancer="mgda")
    before = ops.convert_to_numpy(model.get_layer("trunk_words").embeddings).copy()
    trainer.train_on_batch(x, y)
    assert optimizer.kinds["trunk_words/embeddings"] == "IndexedSlices"
    after = ops.convert_to_numpy(model.get_layer("trunk_words").embeddings)
    used = np.isin(np.arange(12), x)
    assert used.any()
    assert not used.all()
    assert (np.abs(after - before).max(axis=1) > 0).tolist() == used.tolist()
