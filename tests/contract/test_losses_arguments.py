"""Losses in plain Keras, saved and loaded, and the errors of wrong arguments."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import ops

import multiloss as ml

L = ml.losses


@keras.saving.register_keras_serializable("test_losses_arguments")
def half_squared(y_true, y_pred):
    return 0.5 * ops.mean(ops.square(ops.cast(y_true, y_pred.dtype) - y_pred), axis=-1)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: L.Dice(smooth=-1), "`smooth`"),
        (lambda: L.Dice(axis=0)(np.ones((2, 3)), np.ones((2, 3))), "axis 0 is the batch"),
        (lambda: L.Dice(axis=(1, 5))(np.ones((2, 3)), np.ones((2, 3))), r"Received: \(1, 5\)"),
        (lambda: L.Circular(period=0), "Use 360 for degrees"),
        (lambda: L.Circular(kind="sine"), "`kind`"),
        (lambda: L.Circular(kind="von_mises", concentration=0.0), "`concentration`"),
        (lambda: L.Tversky(alpha=-0.1), "`alpha`"),
        (lambda: L.FocalTversky(gamma=0), "`gamma`"),
        (lambda: L.BinaryFocal(gamma=-1), "`gamma`"),
        (lambda: L.BinaryFocal(alpha=2), "`alpha`"),
        (lambda: L.CategoricalFocal(gamma=-1), "`gamma`"),
        (lambda: L.CategoricalFocal(alpha=[0.1, -1]), "`alpha`"),
        (lambda: L.CategoricalFocal(alpha=[0.5, 0.5])(np.eye(3), np.eye(3)), "must have 3 numbers"),
        (lambda: L.GeneralizedDice(smooth=-1), "`smooth`"),
        (lambda: L.GeneralizedDice()(np.eye(3), np.eye(3)), r"\(batch, ..., classes\)"),
        (lambda: L.ScaledMSE("largest"), "max_abs_target"),
        (lambda: L.ScaledMSE([1.0, 0.0]), "numbers > 0"),
        (lambda: L.ScaledMSE([1.0, 2.0])(np.eye(3), np.eye(3)), "must have 3 numbers"),
        (lambda: L.Wing(width=0), "`width`"),
        (lambda: L.Quantile(1.0), "`quantile`"),
        (lambda: L.Quantile([]), "`quantile`"),
        (lambda: L.Quantile([0.1, 0.9])(np.ones((2, 1)), np.ones((2, 1))), "2 columns"),
        (lambda: L.Ordinal()(np.ones((2, 3)), np.ones((2, 3))), "class numbers"),
        (lambda: L.WeightedSum({}), "not empty"),
        (lambda: L.WeightedSum({"a": "mse"}, {"b": 1.0}), "Known: a"),
        (lambda: L.WeightedSum({"a": "msee"}), "Unknown loss 'msee'"),
        (lambda: L.WeightedSum({"a": 3}), "Received: 3"),
        (lambda: L.WeightedSum({"a": keras.losses.MeanSquaredError("sum")}), "reduction"),
        (lambda: L.WeightedSum({"a": keras.losses.Dice()})(np.eye(2), np.eye(2)), "one value for the whole batch"),
        (lambda: L.WeightedSum({"part": lambda t, p: t - p}).get_config(), "'part'.*lambda"),
    ],
)
def test_wrong_arguments_are_explained(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize("loss", [L.Dice(), L.Circular(), L.Quantile(), L.Wing(), L.BinaryFocal(), L.ScaledMSE()])
def test_a_batch_of_numbers_does_not_broadcast(loss):
    y_true, y_pred = np.array([0.0, 1.0, 1.0]), np.array([[0.2], [0.9], [0.4]])
    expected = ops.convert_to_numpy(loss.call(ops.convert_to_tensor(y_true[:, None]), ops.convert_to_tensor(y_pred)))
    received = loss.call(ops.convert_to_tensor(y_true), ops.convert_to_tensor(y_pred))
    assert received.shape == (3,)
    np.testing.assert_array_equal(ops.convert_to_numpy(received), expected)


def test_numbers_without_an_axis_are_samples():
    loss = L.Circular(reduction="none")
    assert tuple(loss(np.array([0.5, 1.2]), np.array([0.6, 1.0])).shape) == (2,)


def test_combined_loss_is_saved_with_its_parts():
    # U9: 0.7 x categorical cross-entropy + 0.3 x focal, kept with the model.
    parts = {"entropy": "categorical_crossentropy", "focal": L.CategoricalFocal(2.0, 0.25), "own": half_squared}
    loss = L.WeightedSum(parts, {"entropy": 0.7, "focal": 0.3}, name="mixture")
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(loss))
    assert again.get_config() == loss.get_config()
    assert again.losses["focal"].alpha == 0.25
    assert again.losses["own"] is half_squared
    assert again.weights == {"entropy": 0.7, "focal": 0.3, "own": 1.0}
    y_true, y_pred = np.eye(3)[[0, 2]], np.array([[0.7, 0.2, 0.1], [0.2, 0.3, 0.5]])
    p = np.array([0.7, 0.5])
    squares = ((y_true - y_pred) ** 2).mean(1) / 2
    expected = -0.7 * np.log(p) - 0.3 * 0.25 * (1 - p) ** 2 * np.log(p) + squares
    np.testing.assert_allclose(ops.convert_to_numpy(again.call(y_true, y_pred)), expected, rtol=1e-5)


def test_combined_loss_adds_values_of_every_rank():
    masks, found = np.ones((2, 4, 4, 1)), np.full((2, 4, 4, 1), 0.5)
    loss = L.WeightedSum({"entropy": "binary_crossentropy", "soft_dice": "soft_dice"})
    expected = np.log(2) + 1 / 3
    np.testing.assert_allclose(ops.convert_to_numpy(loss.call(masks, found)), [expected] * 2, rtol=1e-4)


def test_model_with_a_loss_is_saved_and_goes_on(tmp_path):
    keras.utils.set_random_seed(1)
    x = np.random.default_rng(0).normal(size=(16, 5)).astype("float32")
    y = (x[:, :2] > 0).astype("int32")
    model = keras.Sequential([keras.Input((5,)), keras.layers.Dense(2, activation="sigmoid")])
    loss = L.WeightedSum({"dice": L.Dice(smooth=0.01), "focal": L.BinaryFocal()}, {"focal": 4.0})
    model.compile("sgd", loss=loss)
    model.fit(x, y, batch_size=8, epochs=1, verbose=0, shuffle=False)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    before = model.evaluate(x, y, verbose=0)
    assert again.evaluate(x, y, verbose=0) == pytest.approx(before, abs=1e-6)
    model.fit(x, y, batch_size=8, epochs=3, verbose=0, shuffle=False)
    again.fit(x, y, batch_size=8, epochs=3, verbose=0, shuffle=False)
    assert again.evaluate(x, y, verbose=0) == pytest.approx(model.evaluate(x, y, verbose=0), abs=1e-6)
    assert model.evaluate(x, y, verbose=0) < before
