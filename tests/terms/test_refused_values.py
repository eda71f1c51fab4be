"""What cannot be right is refused by name, not replaced by something convenient."""

import keras
import numpy as np
import pytest
from evaluation import evaluate, loss
from keras import ops

import multiloss as ml
from multiloss.terms import Batch

Y, P = np.arange(6.0, dtype="float32").reshape(3, 2), np.ones((3, 2), "float32")


@pytest.mark.parametrize(
    "column", [2, 5, -3, [0, 7], [-3], slice(2, None), slice(0, 3), slice(1, 1), np.int64(2), np.array([0, 2])]
)
def test_columns_that_the_output_does_not_have(column):
    """Fault C5."""
    with pytest.raises(ValueError, match=r"`column` of term 'out' must lie within the 2 columns.*0 to 1"):
        loss(ml.Term("mse", column=column), Y, P)
    penalty = ml.OutputPenalty("l2", column=column).bound("out", ["out"])
    with pytest.raises(ValueError, match=r"`column` of term 'out' must lie within"):
        penalty.evaluate("out", Batch(None, {}, {"out": ops.convert_to_tensor(P)}, {}, None, ops.zeros((), "int32")))


@pytest.mark.one_backend
@pytest.mark.parametrize("column", ["first", [], 1.5, True, [0.5], [True]])
def test_what_is_no_column(column):
    for make in (ml.Term, ml.OutputPenalty):
        with pytest.raises(ValueError, match=r"`column` must be an integer, a slice or a list of integers"):
            make("l2" if make is ml.OutputPenalty else "mse", column=column)


@pytest.mark.parametrize("column", [0, 1, -1, -2, [1, 0], slice(1, None), slice(-1, None), np.int64(1), np.array([1])])
def test_columns_are_those_of_numpy(column):
    index = [int(column)] if np.ndim(column) == 0 and not isinstance(column, slice) else column
    expected = np.mean((Y[..., index] - P[..., index]) ** 2)
    assert loss(ml.Term("mse", column=column), Y, P) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("shape", [(1,), (2,), (3, 1), (6,)])
def test_a_joint_gives_a_scalar_or_one_value_per_sample(shape):
    """Fault C7."""
    joint = ml.Joint(lambda y_pred: ops.zeros(shape))
    batch = Batch(None, {}, {"out": ops.convert_to_tensor(P)}, {}, None, ops.zeros((), "int32"))
    with pytest.raises(ValueError, match=r"Term 'both' must give a scalar or one value per sample"):
        joint.evaluate("both", batch)
    with pytest.raises(ValueError, match=r"term 'both' must return numbers.*None"):
        ml.Joint(lambda y_pred: None).evaluate("both", batch)


@pytest.mark.parametrize("shape", [(1,), (2,), (2, 1), (4,)])
def test_a_loss_gives_values_of_the_samples(shape):
    def own(y_true, y_pred):
        return ops.ones(shape) * ops.sum(y_pred)

    with pytest.raises(ValueError, match=r"loss of term 'out' must give one value per sample.*for 3 samples"):
        loss(ml.Term(own), Y, P)


LABELS = np.array([0, 2, 1, 1])
SHARES = np.array([[0.5, 0.25, 0.25], [0.1, 0.1, 0.8], [0.2, 0.2, 0.6], [1 / 3, 1 / 3, 1 / 3]], "float32")
NLL = -np.log(SHARES[np.arange(4), LABELS])


def fault_of(term, labels, predictions=SHARES, **given):
    value = evaluate(term, labels, predictions, **given)
    return np.isnan(float(ops.convert_to_numpy(value.loss))), ops.convert_to_numpy(value.fault).tolist()


@pytest.mark.parametrize(
    "name", ["sparse_categorical_crossentropy", "crossentropy", "SparseCategoricalCrossentropy", "categorical_focal"]
)
@pytest.mark.parametrize(("label", "dtype"), [(-1, "int32"), (3, "int64"), (255, "uint8"), (7, "float32")])
def test_labels_that_are_no_class(name, label, dtype):
    """Fault C6: the loss is not finite and says which label it was; a missing one may be anything."""
    labels = LABELS.astype(dtype)
    labels[1] = np.array(label).astype(dtype)
    assert fault_of(ml.Term(name), labels) == (True, [1.0, float(label), 3.0])
    assert fault_of(ml.Term(name), labels[:, None]) == (True, [1.0, float(label), 3.0])
    assert fault_of(ml.Term(name, missing=label), labels) == (False, [0.0, 0.0, 0.0])
    weights = np.array([1, 0, 1, 1], "float32")
    assert fault_of(ml.Term(name), labels, sample_weight=weights) == (False, [0.0, 0.0, 0.0])
    if "focal" not in name:
        value = loss(ml.Term(name), labels, SHARES, sample_weight=weights)
        assert value == pytest.approx(np.sum(NLL * weights) / 4, rel=1e-5)
        assert loss(ml.Term(name), LABELS.astype(dtype), SHARES) == pytest.approx(NLL.mean(), rel=1e-5)


def test_what_the_loss_ignores_is_left_alone():
    labels = LABELS.copy()
    labels[1] = 255
    ignoring = keras.losses.SparseCategoricalCrossentropy(ignore_class=255)
    assert fault_of(ml.Term(ignoring), labels) == (False, [0.0, 0.0, 0.0])
    labels[0] = 254
    assert fault_of(ml.Term(ignoring), labels) == (True, [1.0, 254.0, 3.0])


@pytest.mark.one_backend  # on the others Keras takes the last axis alone
def test_classes_along_another_axis_are_left_alone():
    pictures = np.random.default_rng(0).uniform(0.1, 1.0, (2, 5, 3, 2)).astype("float32")
    classes = np.full((2, 3, 2), 4)
    term = ml.Term(keras.losses.SparseCategoricalCrossentropy(axis=1))
    value = evaluate(term, classes, pictures / pictures.sum(axis=1, keepdims=True))
    assert np.isfinite(float(ops.convert_to_numpy(value.loss)))


@pytest.mark.parametrize("dtype", ["bool", "uint8", "uint16", "int8", "int64", "float64"])
def test_labels_of_any_dtype(dtype):
    labels = np.array([0, 1, 1, 0]).astype(dtype)
    value = loss(ml.Term("sparse_categorical_crossentropy"), labels, SHARES)
    assert value == pytest.approx(-np.log(SHARES[np.arange(4), labels.astype(int)]).mean(), rel=1e-5)


def test_a_nan_label_is_no_class_and_ordered_classes_are_one_more_than_columns():
    labels = LABELS.astype("float32")
    labels[0] = np.nan
    assert fault_of(ml.Term("sparse_categorical_crossentropy"), labels)[0]
    assert not fault_of(ml.Term("sparse_categorical_crossentropy", missing="nan"), labels)[0]
    assert fault_of(ml.Term("ordinal"), LABELS + 1) == (False, [0.0, 0.0, 0.0])
    assert fault_of(ml.Term("ordinal"), LABELS + 2) == (True, [1.0, 4.0, 4.0])


@pytest.mark.parametrize("weight", [-1.0, np.nan, np.inf, 1e38])
def test_sample_weights_that_cannot_be(weight):
    """Fault C9."""
    weights = np.array([1.0, weight, 1.0], "float32")
    failed, fault = fault_of(ml.Term("mse"), Y, P, sample_weight=weights)
    assert failed
    assert fault[0] == 2.0
    y = Y.copy()
    y[1] = np.nan
    assert fault_of(ml.Term("mse", missing="nan"), y, P, sample_weight=weights) == (False, [0.0, 0.0, 0.0])
    term = ml.Term("mse", sample_weight="own")
    assert fault_of(term, Y, P, extra={"own": np.array([[1.0], [weight], [1.0]], "float32")})[0]


@pytest.mark.one_backend
@pytest.mark.parametrize(
    ("weights", "match"),
    [
        ([1, 2, 3], "must be a dict"),
        ({}, "must be a dict"),
        (2.0, "must be a dict"),
        ({"cat": 1.0}, "must map classes"),
        ({-1: 1.0}, "must map classes"),
        ({0.5: 1.0}, "must map classes"),
        ({0: -1.0}, r"numbers from 0 to 1e\+30"),
        ({0: 1e38}, r"numbers from 0 to 1e\+30"),
        ({0: float("nan")}, "numbers from 0"),
        ({0: "2"}, "numbers from 0"),
    ],
)
def test_class_weights_that_cannot_be(weights, match):
    with pytest.raises(ValueError, match=rf"`class_weight`.*{match}"):
        ml.Term("sparse_categorical_crossentropy", class_weight=weights)


@pytest.mark.parametrize(
    ("name", "labels"), [("sparse_categorical_crossentropy", LABELS), ("categorical_crossentropy", np.eye(3)[LABELS])]
)
def test_class_weights_of_classes_that_there_are_not(name, labels):
    with pytest.raises(ValueError, match=r"`class_weight` of term 'out' must name classes from 0 to 2"):
        loss(ml.Term(name, class_weight={3: 2.0}), labels, SHARES)
    value = loss(ml.Term(name, class_weight={1: 3.0}), labels, SHARES)
    assert value == pytest.approx(np.mean(NLL * np.array([1, 1, 3, 3])), rel=1e-5)


@pytest.mark.one_backend
@pytest.mark.parametrize("weight", [1e38, -1e38, float("inf")])
def test_loss_weights_that_leave_no_room(weight):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, name="out")])
    with pytest.raises(ValueError, match=r"The weight of 'out' must be"):
        ml.compile(model, "sgd", loss={"out": "mse"}, loss_weights={"out": weight})
