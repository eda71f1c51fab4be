"""Wrong answers that circulate about losses, each with what holds here; see also test_traps_of_weights.py."""

import keras
import numpy as np
import pytest
from evaluation import evaluate, loss, loss_and_gradient
from keras import ops

import multiloss as ml
from backend import compiled

RANDOM = np.random.default_rng(0)
PREDICTED = RANDOM.normal(size=(20, 2)).astype("float32")
TARGET = RANDOM.normal(size=(20, 2)).astype("float32")


def _model():
    keras.utils.set_random_seed(0)
    return keras.Sequential([keras.Input((2,)), keras.layers.Dense(2, name="out")])


def _step(loss, **arguments):
    """The change of the weights in one step of gradient descent, and the logs."""
    model = _model()
    before = model.get_weights()
    trainer = ml.compile(model, keras.optimizers.SGD(0.1), loss=loss, **arguments)
    logs = trainer.train_on_batch(PREDICTED, TARGET, return_dict=True)
    return [after - first for after, first in zip(model.get_weights(), before, strict=True)], logs


def test_1_and_2_a_loss_over_its_own_size_still_teaches():
    """The batch's loss over itself is constant; over a detached scale its gradient keeps its direction."""
    plain, _ = _step("mse")
    scaled, logs = _step(ml.Term("mse", scale="running_mean"))
    for with_scale, without in zip(scaled, plain, strict=True):
        assert np.abs(without).max() > 1e-3
        np.testing.assert_allclose(with_scale, without / logs["out_loss"], rtol=1e-4, atol=1e-6)


def test_4_a_number_changed_after_compile_is_not_the_weight():
    weights = {"out": 1.0}
    trainer = ml.compile(_model(), "sgd", loss={"out": "mse"}, loss_weights=weights)
    weights["out"] = 9.0
    assert trainer.terms["out"].weight.value == 1.0
    trainer.terms["out"].weight.assign(9.0)
    assert trainer.terms["out"].weight.value == 9.0


def test_14_a_nan_label_with_sample_weight_0_poisons_nothing():
    target = TARGET.copy()
    target[3] = np.nan
    weight = np.ones(20, "float32")
    weight[3] = 0.0
    value, gradient = loss_and_gradient(ml.Term("mse", missing="nan"), target, PREDICTED, sample_weight=weight)
    assert value == pytest.approx(np.nanmean(np.square(target - PREDICTED)), rel=1e-5)
    assert np.isfinite(gradient).all()


@pytest.mark.parametrize("name", ["mse", "mae", "log_cosh", "huber", "mean_squared_logarithmic_error"])
def test_13_and_15_missing_labels_are_made_safe_before_the_loss(name):
    predicted = np.abs(PREDICTED)
    target = np.abs(TARGET)
    target[::3] = np.nan
    value, gradient = loss_and_gradient(ml.Term(name, missing="nan"), target, predicted)
    assert np.isfinite(value)
    assert np.isfinite(gradient).all()
    np.testing.assert_array_equal(gradient[::3], 0.0)
    assert np.isnan(loss(ml.Term(name), target, predicted))


def test_16_few_labels_weigh_no_less_than_many():
    target = np.full_like(TARGET, np.nan)
    target[7] = TARGET[7]
    value, gradient = loss_and_gradient(ml.Term("mse", missing="nan"), target, PREDICTED)
    alone, alone_gradient = loss_and_gradient(ml.Term("mse"), TARGET[7:8], PREDICTED[7:8])
    assert value == pytest.approx(alone, rel=1e-6)
    np.testing.assert_allclose(gradient[7:8], alone_gradient, rtol=1e-5)


def test_21_angles_many_turns_apart():
    term = ml.Term(ml.losses.Circular(period=360.0))
    for angle, other in ((10.0, 1000.0), (359.0, 1.0), (-350.0, 10.0)):
        expected = 1 - np.cos(np.deg2rad(angle - other))
        value, gradient = loss_and_gradient(term, np.array([[angle]], "float32"), np.array([[other]], "float32"))
        assert value == pytest.approx(expected, abs=1e-5)
        slope = np.deg2rad(1.0) * np.sin(np.deg2rad(other - angle))
        assert gradient.item() == pytest.approx(slope, abs=1e-5)


@pytest.mark.parametrize("name", ["mse", "binary_crossentropy", "soft_dice", "binary_focal"])
def test_22_a_value_does_not_depend_on_the_size_of_picture_or_batch(name):
    predicted = RANDOM.uniform(0.1, 0.9, (2, 4, 4, 1)).astype("float32")
    target = RANDOM.integers(0, 2, (2, 4, 4, 1)).astype("float32")
    value = loss(ml.Term(name), target, predicted)

    def enlarged(pictures):
        return np.concatenate([pictures.repeat(2, axis=1).repeat(2, axis=2)] * 3)

    assert loss(ml.Term(name), enlarged(target), enlarged(predicted)) == pytest.approx(value, rel=1e-5)


def test_29_masks_keep_fixed_shapes_under_the_compiler():
    """One compiled function serves every mask, and agrees with NumPy."""
    term = ml.Term("mse", mask="seen")
    function = compiled(lambda target, predicted, seen: evaluate(term, target, predicted, extra={"seen": seen}).loss)
    for share in (0.0, 0.3, 1.0):
        seen = RANDOM.uniform(size=20) < share
        expected = np.square(TARGET - PREDICTED)[seen].mean() if seen.any() else 0.0
        arrays = [ops.convert_to_tensor(array) for array in (TARGET, PREDICTED, seen)]
        assert float(ops.convert_to_numpy(function(*arrays))) == pytest.approx(expected, rel=1e-5)


def test_31_a_decision_as_a_loss_is_reported_by_name():
    def wrong_class(y_true, y_pred):
        different = ops.not_equal(ops.argmax(y_true, axis=-1), ops.argmax(y_pred, axis=-1))
        return ops.cast(different, "float32")

    with pytest.warns(UserWarning, match="No trainable variable is reached by: 'out/decision'"):
        _step({"out": {"decision": wrong_class, "error": "mse"}})


def test_32_dice_knows_samples():
    mask = np.array([[1, 1, 0, 0], [1, 0, 0, 0]], "float32")
    found = np.array([[1, 1, 0, 0], [0, 0, 0, 1]], "float32")
    weight = np.array([1, 0], "float32")
    assert loss(ml.Term("soft_dice"), mask, found, sample_weight=weight) == pytest.approx(0.0, abs=1e-6)
    with pytest.raises(ValueError, match=r"of term 'out' gives one value for the whole batch"):
        loss(ml.Term(keras.losses.Dice()), mask, found, sample_weight=weight)
