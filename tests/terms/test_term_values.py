"""A term's value against NumPy."""

import keras
import numpy as np
import pytest
from evaluation import evaluate, loss, loss_and_gradient
from keras import ops

import multiloss as ml

RANDOM = np.random.default_rng(0)
PREDICTED = RANDOM.normal(size=(6, 3)).astype("float32")
TARGET = RANDOM.normal(size=(6, 3)).astype("float32")
PROBABILITIES = (np.exp(PREDICTED) / np.exp(PREDICTED).sum(1, keepdims=True)).astype("float32")
CLASSES = np.array([0, 2, 1, 1, 0, 2], "int32")
CROSSENTROPY = -np.log(PROBABILITIES[np.arange(6), CLASSES])


@pytest.mark.parametrize(("name", "entry"), [("mse", np.square), ("mae", np.abs)])
def test_single_missing_entries_give_nanmean(name, entry):
    target = TARGET.copy()
    target[0, 1] = target[2] = target[5, :2] = np.nan
    value = evaluate(ml.Term(name, missing="nan"), target, PREDICTED)
    assert float(value.loss) == pytest.approx(np.nanmean(entry(target - PREDICTED)), rel=1e-6)
    assert float(value.labelled) == pytest.approx(np.isfinite(target).sum() / 3, rel=1e-6)


def test_missing_rows_of_a_vector_loss():
    labels = np.where([1, 0, 1, 1, 0, 1], CLASSES, -1)
    term = ml.Term("sparse_categorical_crossentropy", missing=-1)
    assert loss(term, labels, PROBABILITIES) == pytest.approx(CROSSENTROPY[labels >= 0].mean(), rel=1e-5)
    one_hot = np.eye(3, dtype="float32")[CLASSES]
    one_hot[1] = np.nan
    term = ml.Term("categorical_crossentropy", missing="nan")
    assert loss(term, one_hot, PROBABILITIES) == pytest.approx(np.delete(CROSSENTROPY, 1).mean(), rel=1e-5)


@pytest.mark.parametrize("shape", [(6,), (6, 1), (6, 3)])
def test_mask_of_every_rank(shape):
    mask = RANDOM.uniform(size=shape) > 0.4
    mask.flat[0] = True
    expected = np.mean(np.square(TARGET - PREDICTED)[np.broadcast_to(mask.reshape(6, -1), (6, 3))])
    for kind in ("bool", "float32", "int32"):
        value = loss(ml.Term("mse", mask="seen"), TARGET, PREDICTED, extra={"seen": mask.astype(kind)})
        assert value == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(
    ("column", "index"), [(1, [1]), (-1, [2]), (slice(0, 2), [0, 1]), ([0, 2], [0, 2]), ((2, 0), [2, 0])]
)
def test_columns(column, index):
    expected = np.mean(np.square(TARGET - PREDICTED)[:, index])
    assert loss(ml.Term("mse", column=column), TARGET, PREDICTED) == pytest.approx(expected, rel=1e-6)
    narrow = TARGET[:, index]
    assert loss(ml.Term("mse", column=column), narrow, PREDICTED) == pytest.approx(
        np.mean(np.square(narrow - PREDICTED[:, index])), rel=1e-6
    )


def test_class_weight_for_integer_column_and_one_hot_labels():
    weights = {0: 2.0, 2: 0.5}
    expected = (CROSSENTROPY * np.array([2.0, 1.0, 0.5])[CLASSES]).mean()
    for target in (CLASSES, CLASSES[:, None]):
        term = ml.Term("sparse_categorical_crossentropy", class_weight=weights)
        assert loss(term, target, PROBABILITIES) == pytest.approx(expected, rel=1e-5)
    term = ml.Term("categorical_crossentropy", class_weight=weights)
    assert loss(term, np.eye(3)[CLASSES], PROBABILITIES) == pytest.approx(expected, rel=1e-5)


def test_class_weight_of_a_missing_label_does_not_count():
    labels = np.where(CLASSES == 1, -1, CLASSES)
    term = ml.Term("sparse_categorical_crossentropy", class_weight={0: 3.0}, missing=-1)
    kept = labels >= 0
    expected = (CROSSENTROPY * np.array([3.0, 1.0, 1.0])[CLASSES])[kept].mean()
    assert loss(term, labels, PROBABILITIES) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("shape", [(6,), (6, 1)])
def test_sample_weight_of_both_ranks_from_fit_and_from_a_key(shape):
    weight = RANDOM.uniform(0, 2, shape).astype("float32")
    expected = (np.square(TARGET - PREDICTED).mean(1) * weight.ravel()).mean()
    assert loss(ml.Term("mse"), TARGET, PREDICTED, sample_weight=weight) == pytest.approx(expected, rel=1e-5)
    term = ml.Term("mse", sample_weight="importance")
    assert loss(term, TARGET, PREDICTED, extra={"importance": weight}) == pytest.approx(expected, rel=1e-5)


def test_sample_weight_of_too_high_a_rank_names_the_term():
    with pytest.raises(ValueError, match="sample weights of term 'out'"):
        loss(ml.Term("mse"), TARGET, PREDICTED, sample_weight=np.ones((6, 3), "float32"))


def test_reductions():
    weight = RANDOM.uniform(0, 2, 6).astype("float32")
    weighted = np.square(TARGET - PREDICTED).mean(1) * weight
    for reduction, expected in (
        ("mean", weighted.mean()),
        ("sample_mean", weighted.mean()),
        ("weighted_mean", weighted.sum() / weight.sum()),
        ("sum", weighted.sum()),
    ):
        term = ml.Term("mse", reduction=reduction)
        assert loss(term, TARGET, PREDICTED, sample_weight=weight) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("name", ["mse", "sparse_categorical_crossentropy"])
def test_pixels_or_samples_may_count_alike(name):
    """Two pictures of 4 x 5 pixels, one almost without labels: `mean` is per pixel, `sample_mean` per picture."""
    generator = np.random.default_rng(3)
    seen = generator.uniform(size=(3, 4, 5)) < np.array([0.9, 0.2, 0.0])[:, None, None]
    weight = np.array([1.0, 3.0, 2.0], "float32")
    if name == "mse":
        target, predicted = generator.normal(size=(2, 3, 4, 5, 1)).astype("float32")
        pixels = np.square(target - predicted)[..., 0]
        labels, missing = np.where(seen[..., None], target, np.float32(np.nan)), "nan"
    else:
        predicted = generator.dirichlet(np.ones(3), (3, 4, 5)).astype("float32")
        labels = np.where(seen, generator.integers(0, 3, (3, 4, 5)), -1)
        pixels = -np.log(np.take_along_axis(predicted, labels[..., None] % 3, -1))[..., 0]
        missing = -1
    pictures = [(weight[i] * pixels[i][seen[i]]).mean() for i in (0, 1)]
    for reduction, expected in (
        ("mean", (weight[:, None, None] * pixels)[seen].mean()),
        ("sample_mean", np.mean(pictures)),
    ):
        term = ml.Term(name, missing=missing, reduction=reduction)
        value = evaluate(term, labels, predicted, sample_weight=weight)
        assert float(value.loss) == pytest.approx(expected, rel=1e-5)
        assert float(value.labelled) == pytest.approx(seen.mean() * 3, rel=1e-5)


def test_reduction_of_a_loss_object_holds():
    term = ml.Term(keras.losses.MeanSquaredError(reduction="sum"))
    assert loss(term, TARGET, PREDICTED) == pytest.approx(np.square(TARGET - PREDICTED).mean(1).sum(), rel=1e-5)


@pytest.mark.parametrize("reduction", ["mean", "sample_mean", "weighted_mean", "sum"])
@pytest.mark.parametrize("name", ["mse", "mae", "cosine_similarity", "huber"])
def test_batch_without_labels_is_exactly_zero(name, reduction):
    target = np.full_like(TARGET, np.nan)
    value, gradient = loss_and_gradient(ml.Term(name, missing="nan", reduction=reduction), target, PREDICTED)
    assert value == 0.0
    np.testing.assert_array_equal(gradient, 0.0)


def test_batch_without_samples_is_exactly_zero():
    empty = np.zeros((0, 3), "float32")
    assert loss(ml.Term("mse", missing="nan"), empty, empty) == 0.0


@pytest.mark.parametrize("dtype", ["int32", "int64", "float64", "bool"])
def test_dtypes_of_targets(dtype):
    target = (TARGET > 0).astype(dtype)
    expected = np.mean(np.square(target.astype("float32") - PREDICTED))
    assert loss(ml.Term("mse"), target, PREDICTED) == pytest.approx(expected, rel=1e-5)


def test_half_precision_targets_are_computed_in_float32():
    target = ops.cast(ops.convert_to_tensor(TARGET), "bfloat16")
    rounded = ops.convert_to_numpy(ops.cast(target, "float32"))
    value = evaluate(ml.Term("mse"), target, PREDICTED)
    assert keras.backend.standardize_dtype(value.loss.dtype) == "float32"
    assert float(value.loss) == pytest.approx(np.mean(np.square(rounded - PREDICTED)), rel=1e-6)


def test_a_column_against_a_vector_is_not_broadcast():
    target, predicted = TARGET[:, 0], PREDICTED[:, :1]
    expected = np.mean(np.square(target - predicted[:, 0]))
    assert loss(ml.Term("mse"), target, predicted) == pytest.approx(expected, rel=1e-6)
    assert loss(ml.Term("mse"), target[:, None], predicted) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(
    ("term", "expected", "words"),
    [
        (ml.Term("mse", reduction="sum_over_batch_size"), "mean", "(read from 'sum_over_batch_size')"),
        (ml.Term("mse", reduction="none"), "mean", "(read from 'none')"),
        (ml.Term("mse", reduction=None), "mean", "(read from 'none')"),
        (ml.Term("mse", reduction="mean_with_sample_weight"), "weighted_mean", "(read from 'mean_with_sample_weight')"),
        (ml.Term(keras.losses.MeanSquaredError(reduction="none")), "mean", "(read from 'none')"),
        (ml.Term(keras.losses.MeanSquaredError(reduction=None)), "mean", "(read from 'none')"),
        (ml.Term(keras.losses.MeanSquaredError(reduction="sum")), "sum", "sum"),
        (ml.Term(keras.losses.MeanSquaredError(reduction="sum"), reduction="none"), "mean", "(read from 'none')"),
        (ml.Term(keras.losses.MeanSquaredError()), "mean", "mean per labelled sample"),
    ],
)
def test_keras_words_for_reductions(term, expected, words):
    y_true, y_pred = np.array([[1.0], [3.0]], "float32"), np.zeros((2, 1), "float32")
    weight = np.array([1.0, 3.0], "float32")
    values = {"mean": (1 + 27) / 2, "weighted_mean": (1 + 27) / 4, "sum": 1 + 27}
    assert loss(term, y_true, y_pred, sample_weight=weight) == pytest.approx(values[expected])
    assert term.bound("out", ["out"]).explain()[1].endswith(words)
    assert ml.Term.from_config(term.get_config()).explain()[1].endswith(words)
