"""Every registered loss keeps the contract, and the contract refuses losses that do not."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import ops

import multiloss as ml
from multiloss._core.registry import entry_of, members, resolve
from multiloss.testing import check_loss

CASES = [
    pytest.param(entry.cls, case, id=f"{entry.name}-{index}")
    for entry in members("loss")
    for index, case in enumerate(entry.cases)
]


@pytest.mark.parametrize(("cls", "case"), CASES)
def test_member_keeps_the_contract(cls, case):
    check_loss(cls(**case))


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize(("cls", "case"), CASES)
def test_member_computes_half_precision_in_float32(cls, case, dtype):
    loss = cls(**case)
    y_true, y_pred = loss.example_inputs()
    rounded = ops.cast(ops.convert_to_tensor(y_pred), dtype)
    values = loss.call(ops.convert_to_tensor(y_true), rounded)
    assert keras.backend.standardize_dtype(values.dtype) == "float32"
    expected = loss.call(ops.convert_to_tensor(y_true), ops.cast(rounded, "float32"))
    np.testing.assert_array_equal(ops.convert_to_numpy(values), ops.convert_to_numpy(expected))


def test_every_exported_loss_is_registered():
    classes = [value for value in vars(ml.losses).values() if isinstance(value, type)]
    assert len(classes) == len(members("loss"))
    assert all(entry_of(cls) is not None for cls in classes)


def test_names_resolve():
    for entry in members("loss"):
        if not entry.cases[0]:
            assert type(resolve("loss", entry.name, keras.losses.Loss)) is entry.cls


@pytest.mark.parametrize(
    "entry", [entry for entry in members("loss") if not entry.cases[0]], ids=lambda entry: entry.name
)
def test_member_refuses_shapes_that_would_broadcast(entry):
    loss = entry.cls()
    y_true, y_pred = loss.example_inputs()
    with pytest.raises(ValueError, match="Received"):
        loss(np.repeat(y_true[..., None], 2, axis=-1), y_pred)


MASKS = np.array([[0.0, 1.0], [1.0, 1.0], [0.0, 1.0]]), np.array([[0.2, 0.7], [0.6, 0.1], [0.3, 0.4]])


@keras.saving.register_keras_serializable("test_losses")
class ForgetsItsArgument(keras.losses.Loss):
    def __init__(self, factor=1.0, **kwargs):
        super().__init__(**kwargs)
        self.factor = factor

    def call(self, y_true, y_pred):
        return ops.mean(self.factor * ops.square(y_true - y_pred), axis=-1)


@keras.saving.register_keras_serializable("test_losses")
class RootMeanSquare(keras.losses.Loss):
    def call(self, y_true, y_pred):
        return ops.sqrt(ops.mean(ops.square(ops.cast(y_true, "float32") - ops.cast(y_pred, "float32")), axis=-1))


@keras.saving.register_keras_serializable("test_losses")
class LogOfPrediction(keras.losses.Loss):
    def call(self, y_true, y_pred):
        return -ops.mean(ops.cast(y_true, "float32") * ops.log(ops.cast(y_pred, "float32")), axis=-1)


@keras.saving.register_keras_serializable("test_losses")
class RoundsToHalfPrecision(keras.losses.Loss):
    def __call__(self, y_true, y_pred, sample_weight=None):
        values = self.call(y_true, ops.cast(y_pred, "float32"))
        if ops.is_tensor(y_pred) and "16" in str(y_pred.dtype):
            values = ops.cast(values, y_pred.dtype)
        weight = 1.0 if sample_weight is None else ops.convert_to_tensor(sample_weight)
        return values * weight if self.reduction is None else ops.mean(values * weight)

    def call(self, y_true, y_pred):
        return ops.mean(ops.square(ops.cast(y_true, "float32") - y_pred), axis=-1)


@keras.saving.register_keras_serializable("test_losses")
class CentredOnTheBatch(keras.losses.Loss):
    def call(self, y_true, y_pred):
        error = ops.square(ops.cast(y_true, "float32") - ops.cast(y_pred, "float32"))
        return ops.mean(error - ops.mean(error), axis=-1)


@keras.saving.register_keras_serializable("test_losses")
class IgnoresWeights(keras.losses.Loss):
    def __call__(self, y_true, y_pred, sample_weight=None):
        return super().__call__(y_true, y_pred)

    def call(self, y_true, y_pred):
        return ops.mean(ops.square(ops.cast(y_true, "float32") - ops.cast(y_pred, "float32")), axis=-1)


@pytest.mark.parametrize(
    ("loss", "message"),
    [
        (ForgetsItsArgument(3.0), "other values after saving"),
        (keras.losses.Dice(), "must keep the batch axis"),
        (CentredOnTheBatch(), "move the value of another"),
        (IgnoresWeights(), "sample_weight"),
        (RoundsToHalfPrecision(), "compute in float32"),
        (LogOfPrediction(), "has the value"),
        (RootMeanSquare(), "gradient that is not finite"),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_the_check_refuses(loss, message):
    with pytest.raises(AssertionError, match=message):
        check_loss(loss, y_true=MASKS[0], y_pred=MASKS[1])


def test_the_check_takes_a_users_loss():
    check_loss(keras.losses.BinaryCrossentropy(), y_true=MASKS[0], y_pred=MASKS[1])


def test_the_check_needs_inputs():
    with pytest.raises(ValueError, match="Received: BinaryCrossentropy"):
        check_loss(keras.losses.BinaryCrossentropy())
    with pytest.raises(ValueError, match="two samples"):
        check_loss(ml.losses.Dice(), y_true=np.ones((1, 4)), y_pred=np.ones((1, 4)))
