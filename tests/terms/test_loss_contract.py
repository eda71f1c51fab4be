"""What Keras does around a loss's formula, a term does too, for losses of a user's own as for Keras's."""

import keras
import numpy as np
import pytest
from evaluation import batch, evaluate, loss, loss_and_gradient
from keras import ops

import multiloss as ml

HALF = np.full((2, 1), 0.5, "float32")
DTYPES = ["uint8", "int32", "int64", "bool", "float16", "float64"]


class OwnCrossentropy(keras.losses.Loss):
    def call(self, y_true, y_pred):
        return ops.mean(-y_true * ops.log(y_pred) - (1 - y_true) * ops.log(1 - y_pred), axis=-1)


def own_crossentropy(y_true, y_pred):
    return OwnCrossentropy().call(y_true, y_pred)


def minus_one(y_true, y_pred):
    return ops.abs(y_true - 2 - y_pred)[:, 0]


def ignores_twos(y_true, y_pred):
    return keras.losses.sparse_categorical_crossentropy(y_true, y_pred, ignore_class=2)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("own", [OwnCrossentropy(), own_crossentropy, "bce", keras.losses.BinaryCrossentropy()])
def test_targets_come_in_the_dtype_of_the_loss(own, dtype):
    """-88.03 where 1 - t wraps round."""
    target = np.array([[1], [0]]).astype(dtype)
    assert loss(ml.Term(own), target, HALF) == pytest.approx(np.log(2), rel=1e-6)
    missing = ml.Term(own, mask="seen")
    assert loss(missing, target, HALF, extra={"seen": np.array([1, 0])}) == pytest.approx(np.log(2), rel=1e-6)


@pytest.mark.parametrize(("name", "of_keras"), [("dice", keras.losses.Dice), ("tversky", keras.losses.Tversky)])
def test_a_name_of_keras_gives_its_value(name, of_keras):
    mask = np.array([[1, 1, 0], [0, 0, 1]], "uint8")
    found = np.array([[0.9, 0.2, 0.1], [0.3, 0.1, 0.8]], "float32")
    expected = float(ops.convert_to_numpy(of_keras()(mask, found)))
    assert loss(ml.Term(name), mask, found) == pytest.approx(expected, rel=1e-6)
    assert abs(loss(ml.Term(f"soft_{name}"), mask, found) - expected) > 1e-3


def test_small_integers_do_not_wrap_round():
    target = np.array([[1], [0]], "uint8")
    assert loss(ml.Term(minus_one), target, HALF) == pytest.approx(2.0)
    joint = ml.Joint(lambda y_true: ops.cast(y_true["out"] - 2, "float32")[:, 0])
    value = joint.bound("out", ["out"]).evaluate(
        "out", batch(ops.convert_to_tensor(target), ops.convert_to_tensor(HALF))
    )
    assert float(ops.convert_to_numpy(value.loss)) == -1.5


@pytest.mark.parametrize("dtype", ["uint8", "int64"])
@pytest.mark.parametrize("reduction", ["sum_over_batch_size", "mean", "none", "sum", "mean_with_sample_weight"])
def test_what_a_loss_ignores_is_no_label(reduction, dtype):
    """2 of 8 pixels count; all logits are equal, of 3 classes."""
    labels = np.full((1, 2, 4), 255).astype(dtype)
    labels[0, 0, 1], labels[0, 1, 2] = 0, 2
    ignoring = keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=255, reduction=reduction)
    value = evaluate(ml.Term(ignoring), labels, np.zeros((1, 2, 4, 3), "float32"))
    assert float(value.loss) == pytest.approx(np.log(3) * (2 if reduction == "sum" else 1), rel=1e-6)
    assert float(value.labelled) == pytest.approx(2 / 8)
    labels[:] = 255
    value, gradient = loss_and_gradient(ml.Term(ignoring), labels, np.zeros((1, 2, 4, 3), "float32"))
    assert value == 0.0
    np.testing.assert_array_equal(gradient, 0.0)


def test_what_a_loss_ignores_meets_missing_labels_and_weights():
    labels = np.array([[0, 1, 2], [2, -1, 0]])
    shares = np.random.default_rng(0).dirichlet(np.ones(3), (2, 3)).astype("float32")
    weight = np.array([3.0, 1.0], "float32")
    pixels = -np.log(np.take_along_axis(shares, labels[..., None] % 3, -1))[..., 0] * weight[:, None]
    term = ml.Term(ignores_twos, missing=-1)
    expected = pixels[(labels == 0) | (labels == 1)].mean()
    assert loss(term, labels, shares, sample_weight=weight) == pytest.approx(expected, rel=1e-5)


def test_parts_of_a_sum_may_not_ignore_labels():
    parts = ml.losses.WeightedSum({"a": keras.losses.SparseCategoricalCrossentropy(ignore_class=1)})
    with pytest.raises(ValueError, match="Loss 'a' in WeightedSum must count all labels"):
        parts(np.array([0, 1]), np.full((2, 3), 1 / 3, "float32"))


def test_parts_of_a_sum_are_aligned_as_keras_aligns():
    target, predicted = np.random.default_rng(0).uniform(size=(2, 4, 3)).astype("float32")
    parts = ml.losses.WeightedSum({"a": "mse", "b": lambda t, p: ops.mean(ops.abs(t - p), axis=-1)})
    expected = np.mean(np.square(target - predicted)) + np.mean(np.abs(target - predicted))
    assert float(parts(target, predicted[..., None])) == pytest.approx(expected, rel=1e-5)
    assert loss(ml.Term(parts), (target > 0.5), predicted[..., None]) == pytest.approx(
        float(parts((target > 0.5), predicted[..., None])), rel=1e-5
    )


@pytest.mark.parametrize("name", ["mse", "mae", "cosine_similarity", "kl_divergence", "binary_crossentropy"])
@pytest.mark.parametrize("shapes", [((4, 3), (4, 3, 1)), ((4, 3, 1), (4, 3)), ((4, 1), (4,)), ((4,), (4, 1))])
def test_ranks_that_differ_by_one_are_aligned_as_keras_aligns(name, shapes):
    """The last axis of a direction or a distribution is not an axis of length 1."""
    generator = np.random.default_rng(0)
    target, predicted = (generator.uniform(0.1, 0.9, shape).astype("float32") for shape in shapes)
    wrapped = keras.losses.get(name)
    wrapped = keras.losses.MeanSquaredError.__base__(wrapped)
    weight = generator.uniform(size=4).astype("float32")
    for weights in (None, weight):
        expected = float(ops.convert_to_numpy(wrapped(target, predicted, weights)))
        assert loss(ml.Term(name), target, predicted, sample_weight=weights) == pytest.approx(expected, rel=1e-5)


@pytest.mark.skipif(not hasattr(keras.losses, "SparseCategoricalFocalCrossentropy"), reason="young")
@pytest.mark.parametrize(
    ("axis", "shape", "labels"), [(1, (4, 3, 1), (4, 1)), (1, (4, 3, 2), (4, 2)), (-1, (4, 3), (4, 1))]
)
def test_a_loss_that_aligns_by_its_own_axis(axis, shape, labels):
    generator = np.random.default_rng(0)
    predicted = generator.uniform(0.1, 0.9, shape).astype("float32")
    own = keras.losses.SparseCategoricalFocalCrossentropy(axis=axis)
    target = generator.integers(0, 3, labels)
    expected = float(ops.convert_to_numpy(own(target, predicted)))
    assert loss(ml.Term(own), target, predicted) == pytest.approx(expected, rel=1e-5)


def test_a_sum_is_one_of_means_over_the_last_axis_with_missing_entries_too():
    """With every label there, `missing=` changes nothing; an entry that is missing takes its part of the mean along."""
    target, predicted = np.random.default_rng(0).normal(size=(2, 4, 3)).astype("float32")
    term = ml.Term("mse", reduction="sum", missing="nan")
    assert loss(term, target, predicted) == pytest.approx(np.square(target - predicted).mean(-1).sum(), rel=1e-5)
    assert loss(ml.Term("mse", reduction="sum"), target, predicted) == pytest.approx(loss(term, target, predicted))
    target[1, 2] = np.nan
    assert loss(term, target, predicted) == pytest.approx(np.nansum(np.square(target - predicted)) / 3, rel=1e-5)
    entries = ml.Term(lambda t, p: ops.square(t - p), reduction="sum", missing="nan")
    assert loss(entries, target, predicted) == pytest.approx(np.nansum(np.square(target - predicted)), rel=1e-5)


def test_a_missing_value_is_looked_for_in_the_labels_own_dtype():
    target = np.array([[1.0], [-999.1]], "float16")
    assert loss(ml.Term("mae", missing=-999.1), target, HALF) == pytest.approx(0.5)


@pytest.mark.one_backend
def test_a_loss_whose_call_is_its_own_is_refused():
    class Weighs(keras.losses.Loss):
        def __call__(self, y_true, y_pred, sample_weight=None):
            return 2 * super().__call__(y_true, y_pred)

        def call(self, y_true, y_pred):
            return ops.abs(y_true - y_pred)

    with pytest.raises(ValueError, match=r"Loss 'weighs' must leave `__call__` to keras.losses.Loss.*ml.Joint"):
        ml.Term(Weighs())


@pytest.mark.one_backend
@pytest.mark.parametrize("said", [{"missing": -1}, {"mask": "seen"}])
def test_a_loss_that_compares_samples_needs_all_labels(said):
    with pytest.raises(ValueError, match="The loss 'circle' compares the samples of a batch with each other"):
        ml.Term(keras.losses.Circle(), **said)
    for name in ("mse", "sparse_categorical_crossentropy", "soft_dice", "binary_crossentropy", "ctc", "poisson"):
        ml.Term(name, **said)
