"""What a model predicts where no label is cannot reach its weights, even where the loss has no derivative there."""

import keras
import numpy as np
import pytest
from keras import ops

import multiloss as ml

RATE = 0.25


@keras.saving.register_keras_serializable("tests.terms")
def root_entries(y_true, y_pred):
    """One value per entry; its derivative is infinite where prediction and target agree."""
    return ops.sqrt(ops.abs(y_pred - y_true))


@keras.saving.register_keras_serializable("tests.terms")
def root_samples(y_true, y_pred):
    """One value per sample that is no mean over the entries."""
    return ops.sqrt(ops.sum(ops.square(y_pred - y_true), axis=-1))


# The third sample gives a prediction of exactly 0, in both outputs; the second's overflows when it is squared.
X = np.array([[1.0, 2.0], [-2e25, 3e25], [0.0, 0.0], [0.5, -1.0]], "float32")
KERNEL = np.array([[0.3, -0.2], [0.1, 0.4]], "float32")
Y = np.array([[2.0, 3.0], [0.0, 0.0], [0.0, 0.0], [-1.0, 0.5]], "float32")
LABELLED = np.array([True, False, False, True])


def _trained(term, y):
    inputs = keras.Input((2,))
    outputs = keras.layers.Dense(2, use_bias=False, name="out")(inputs)
    model = keras.Model(inputs, {"out": outputs})
    model.set_weights([KERNEL])
    trainer = ml.compile(model, keras.optimizers.SGD(RATE), loss={"out": term})
    logs = trainer.train_on_batch(X, y, return_dict=True)
    return logs["out_loss"], model.get_weights()[0]


def _by_entries(x, difference):
    slopes = 0.5 * np.sign(difference) / np.sqrt(np.abs(difference))
    return np.sqrt(np.abs(difference)).mean(), x.T @ slopes / difference.size


def _by_samples(x, difference):
    lengths = np.linalg.norm(difference, axis=1)
    return lengths.mean(), x.T @ (difference / lengths[:, None]) / len(x)


@pytest.mark.parametrize(("loss", "formula"), [(root_entries, _by_entries), (root_samples, _by_samples)])
@pytest.mark.parametrize("spelling", ["missing", "mask"])
def test_the_step_is_that_of_the_labelled_samples(loss, formula, spelling):
    x = X[LABELLED].astype("float64")
    value, gradient = formula(x, x @ KERNEL - Y[LABELLED])
    if spelling == "missing":
        term, y = ml.Term(loss, missing=0.0), {"out": Y}
    else:
        term, y = ml.Term(loss, mask="seen"), {"out": Y, "seen": LABELLED.astype("float32")}
    found, kernel = _trained(term, y)
    assert found == pytest.approx(value, rel=1e-5)
    np.testing.assert_allclose(kernel, KERNEL - RATE * gradient, rtol=1e-5)
