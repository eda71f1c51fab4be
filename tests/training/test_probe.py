"""A probe gives the terms' losses and gradients of one batch, and changes nothing."""

import keras
import numpy as np
import pytest
from models import data, joint_losses, losses, two_heads, weights_of
from test_step import _numpy_gradients

import multiloss as ml
from multiloss.training import probe_changed

USER = {"value": 3.0, "label": 0.5}


def _all_variables(trainer):
    found = [*trainer.variables, *trainer.metrics_variables, *trainer.optimizer.variables]
    return [np.array(keras.ops.convert_to_numpy(variable)) for variable in found]


def test_losses_and_gradients_equal_numpy():
    x, y = data(16)
    model = two_heads()
    expected, gradients, _ = _numpy_gradients(model, x, y)
    terms = {**losses(), "value": ml.Term("mse", scale=4.0)}
    probe = ml.compile(model, "sgd", loss=terms, loss_weights=USER, balancer="uncertainty").probe(x, y)
    assert probe.names == ("value", "label")
    np.testing.assert_allclose(probe.losses, [expected["value"], expected["label"]], rtol=1e-5)
    np.testing.assert_allclose(probe.weights, [0.75, 0.5], rtol=1e-6)
    rows = [
        np.concatenate([gradients[name][f"trunk/{part}"].ravel() for part in ("kernel", "bias")])
        for name in probe.names
    ]
    np.testing.assert_allclose(probe.gramian, np.stack(rows) @ np.stack(rows).T, rtol=1e-4, atol=1e-7)
    norms = [np.sqrt(sum((g**2).sum() for g in gradients[name].values())) for name in probe.names]
    np.testing.assert_allclose(probe.norms, norms, rtol=1e-5)
    assert probe.connected == (("trunk", "value_head"), ("trunk", "label_head"))
    assert probe.shared == ("trunk",)
    assert probe.predictions["label"].shape == (16, 3)
    assert probe.gramian.dtype == np.float64


def test_nothing_changes():
    x, y = data(16)
    trainer = ml.compile(two_heads(dropout=0.5, norm=True), "adam", loss=joint_losses(), balancer="pcgrad")
    trainer.train_on_batch(x, y)
    before = _all_variables(trainer)
    first, second = trainer.probe(x, y), trainer.probe(x, y)
    np.testing.assert_array_equal(first.losses, second.losses)
    for old, new in zip(before, _all_variables(trainer), strict=True):
        np.testing.assert_array_equal(old, new)


class _Probes(keras.callbacks.Callback):
    def __init__(self, batch):
        super().__init__()
        self.batch = batch
        self.losses = []

    def on_train_batch_end(self, batch, logs=None):
        self.losses.append(self.model.probe(*self.batch).losses[0])


def test_inside_fit_it_sees_the_running_weights_and_leaves_the_training_as_it_is():
    x, y = data(48)
    probes, results = _Probes((x, y)), []
    for callbacks in ([], [probes]):
        model = two_heads(dropout=0.2, norm=True)
        trainer = ml.compile(model, keras.optimizers.SGD(0.2), loss=losses())
        keras.utils.set_random_seed(5)
        trainer.fit(x, y, batch_size=16, epochs=2, shuffle=False, verbose=0, callbacks=callbacks)
        results.append(weights_of(model))
    assert len(set(probes.losses)) == 6
    for alone, probed in zip(*results, strict=True):
        np.testing.assert_array_equal(alone, probed)


class _Equal(ml.Balancer):
    """Equal weights, for which gradients are read all the same."""

    needs = ml.Needs.GRAMIAN

    def raw_weights(self, signals, state):
        return keras.ops.ones_like(signals.losses), state


@pytest.mark.parametrize("look", ["probe", "plan"])
def test_dropout_without_a_seed_draws_what_it_would_have_drawn(look):
    """A probe draws too, and so does the first step of a gradient balancer, which looks for what taps can give."""
    x, y = data(2)  # few samples, so that the trunk is tapped
    results = []
    for looks in (False, True):
        keras.utils.set_random_seed(1)
        inputs = keras.Input((4,))
        hidden = keras.layers.Dropout(0.5)(keras.layers.Dense(64, activation="tanh", name="trunk")(inputs))
        heads = {name: keras.layers.Dense(size, name=name)(hidden) for name, size in (("value", 2), ("label", 3))}
        loss = {"value": "mse", "label": keras.losses.SparseCategoricalCrossentropy(from_logits=True)}
        balancer = _Equal() if look == "plan" and looks else None
        trainer = ml.compile(keras.Model(inputs, heads), keras.optimizers.SGD(0.1), loss=loss, balancer=balancer)
        keras.utils.set_random_seed(2)
        for _ in range(3):
            if look == "probe" and looks:
                trainer.probe(x, y)
            trainer.train_on_batch(x, y)
        results.append(weights_of(trainer.model))
    for alone, looked in zip(*results, strict=True):
        np.testing.assert_allclose(alone, looked, atol=1e-6)


def test_what_is_missing_or_broken_is_reported_not_raised():
    x, y = data(16)
    y["value"][4:] = np.nan
    terms = {**losses(), "value": ml.Term("mse", missing="nan")}
    probe = ml.compile(two_heads(), "sgd", loss=terms).probe(x, y)
    np.testing.assert_allclose(probe.labelled, [0.25, 1.0])
    assert probe.present.all()
    probe = ml.compile(two_heads(), "sgd", loss=losses(), loss_weights={"label": 0.0}).probe(x, y)
    assert np.isnan(probe.losses[0])
    assert np.isnan(probe.norms[0])
    assert np.isfinite(probe.losses[1])
    assert list(probe.present) == [True, False]


def test_terms_without_common_layers_are_compared_over_all_weights():
    inputs = keras.Input((4,))
    outputs = {name: keras.layers.Dense(1, name=f"{name}_head")(inputs) for name in ("a", "b")}
    x = np.ones((8, 4), "float32")
    trainer = ml.compile(keras.Model(inputs, outputs), "sgd", loss={"a": "mse", "b": "mse"})
    probe = trainer.probe(x, {"a": x[:, :1], "b": x[:, :1]})
    assert probe.shared == ()
    np.testing.assert_allclose(np.diag(probe.gramian), probe.norms**2, rtol=1e-5)
    assert probe.gramian[0, 1] == 0.0


def test_wrong_data_raises_by_name():
    x, _ = data(8)
    trainer = ml.compile(two_heads(), "sgd", loss=losses())
    with pytest.raises(ValueError, match="label"):
        trainer.probe(x, {"value": np.ones((8, 2), "float32")})


def test_other_terms_are_looked_at_in_the_place_of_some():
    x, y = data(16)
    model = two_heads()

    def doubled(y_true, y_pred):
        return keras.ops.mean(keras.ops.square(y_true - 2.0 * y_pred), axis=-1)

    trainer = ml.compile(model, "sgd", loss=losses(), loss_weights=USER)
    before = trainer.probe(x, y)
    wanted = ml.compile(model, "sgd", loss={**losses(), "value": doubled}, loss_weights=USER).probe(x, y)
    changed = {"value": ml.Term(doubled).bound("value", None)}
    (seen,) = probe_changed(trainer.program, changed, [(x, y, None)])
    np.testing.assert_allclose(seen.losses, wanted.losses, rtol=1e-6)
    np.testing.assert_allclose(seen.gramian, wanted.gramian, rtol=1e-5, atol=1e-7)
    np.testing.assert_array_equal(trainer.probe(x, y).gramian, before.gramian)


def test_the_mask_of_padded_sequences_is_given():
    inputs = keras.Input((3, 1))
    model = keras.Model(inputs, {"value": keras.layers.Dense(1)(keras.layers.Masking()(inputs))})
    x = np.array([[[1.0], [1.0], [0.0]], [[1.0], [0.0], [0.0]]], "float32")
    probe = ml.compile(model, "sgd", loss={"value": "mse"}).probe(x, {"value": x})
    np.testing.assert_array_equal(probe.masks["value"], x[..., 0] == 1.0)
