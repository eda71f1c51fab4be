"""Balanced class weights against scikit-learn."""

import numpy as np
import pytest

import multiloss as ml

LABELS = np.array([0, 0, 0, 2, 2, 5, 0, 0])


def _expected(labels):
    compute_class_weight = pytest.importorskip("sklearn.utils.class_weight").compute_class_weight
    classes = np.unique(labels)
    return dict(zip(classes.tolist(), compute_class_weight("balanced", classes=classes, y=labels), strict=True))


@pytest.mark.parametrize(
    "labels",
    [
        LABELS,
        LABELS.astype("float32")[:, None],
        LABELS.reshape(2, 2, 2),
        np.eye(6)[LABELS],
        np.eye(6, dtype="int32")[LABELS].reshape(2, 4, 6),
    ],
    ids=["vector", "column", "picture", "one-hot", "one-hot picture"],
)
def test_equals_scikit_learn(labels):
    assert ml.balanced_class_weight(labels) == pytest.approx(_expected(LABELS))


def test_missing_labels_do_not_count():
    expected = _expected(LABELS)
    assert ml.balanced_class_weight([*LABELS, -1, -1], missing=-1) == pytest.approx(expected)
    assert ml.balanced_class_weight([*LABELS, np.nan]) == pytest.approx(expected)
    one_hot = np.concatenate([np.eye(6)[LABELS], np.full((3, 6), np.nan), np.full((2, 6), -1)])
    assert ml.balanced_class_weight(one_hot, missing=-1) == pytest.approx(expected)


def test_pairs_of_labels_can_be_told_from_one_hot():
    pairs = np.array([[0, 1], [1, 0], [0, 1]])
    assert ml.balanced_class_weight(pairs) == pytest.approx({0: 1.5, 1: 0.75})
    assert ml.balanced_class_weight(pairs, one_hot=False) == {0: 1.0, 1: 1.0}


@pytest.mark.parametrize(
    ("labels", "arguments", "match"),
    [
        ([], {}, "at least one label"),
        ([-1, -1], {"missing": -1}, "at least one label"),
        ([0, 1, -1], {}, r"Received: the value -1\. Name the value"),
        ([0.5, 1.0], {}, "the value 0.5"),
        (["a", "b"], {}, "array of numbers"),
        ([[0.2, 0.8]], {"one_hot": True}, "a single 1"),
        ([0, 1], {"one_hot": True}, "last axis of classes"),
    ],
)
def test_labels_that_are_no_classes(labels, arguments, match):
    with pytest.raises(ValueError, match=match):
        ml.balanced_class_weight(labels, **arguments)
