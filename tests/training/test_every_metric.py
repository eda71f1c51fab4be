"""Every metric class of Keras where labels are missing, entry by entry or row by row."""

import inspect

import keras
import numpy as np
import pytest
from keras import ops

from multiloss.training.logs._metrics import make_metric, update

RANDOM = np.random.default_rng(0)
SHARES = RANDOM.dirichlet(np.ones(3), 30).astype("float32")
BITS = RANDOM.integers(0, 2, (30, 3)).astype("float32")
SEEN = RANDOM.uniform(size=(30, 3)) < 0.7
WEIGHT = RANDOM.integers(1, 4, 30).astype("float32")
# These take no targets.
OF_NUMBERS = ("Mean", "MeanMetricWrapper", "Metric", "Sum")
ARGUMENTS = {
    "IoU": {"num_classes": 2, "target_class_ids": [0, 1]},
    "BinaryIoU": {"target_class_ids": [1]},
    "MeanIoU": {"num_classes": 2},
    "OneHotIoU": {"num_classes": 3, "target_class_ids": [0, 1]},
    "OneHotMeanIoU": {"num_classes": 3},
    "TopKCategoricalAccuracy": {"k": 2},
    "SparseTopKCategoricalAccuracy": {"k": 2},
    **{
        name: {which: 0.5}
        for name, which in (
            ("PrecisionAtRecall", "recall"),
            ("RecallAtPrecision", "precision"),
            ("SensitivityAtSpecificity", "specificity"),
            ("SpecificityAtSensitivity", "sensitivity"),
        )
    },
}
BY_ROW = {
    "CategoricalAccuracy",
    "CategoricalCrossentropy",
    "CategoricalHinge",
    "ConcordanceCorrelation",
    "CosineSimilarity",
    "F1Score",
    "FBetaScore",
    "KLDivergence",
    "OneHotIoU",
    "OneHotMeanIoU",
    "PearsonCorrelation",
    "R2Score",
    "TopKCategoricalAccuracy",
}
NUMBERED = {"SparseCategoricalAccuracy", "SparseCategoricalCrossentropy", "SparseTopKCategoricalAccuracy"}
CLASSES = [name for name, value in vars(keras.metrics).items() if inspect.isclass(value) and name not in OF_NUMBERS]


def _made(name, weighted):
    # In integers, its default, an IoU warns of weights and cuts them off.
    dtype = {"dtype": "float32"} if weighted and "IoU" in name else {}
    return getattr(keras.metrics, name)(**ARGUMENTS.get(name, {}), **dtype)


def _tensors(*arrays):
    return [None if array is None else ops.convert_to_tensor(array) for array in arrays]


def _number(metric):
    return ops.convert_to_numpy(metric.result())


def _data(name):
    if name in NUMBERED:
        return SHARES.argmax(-1), np.roll(SHARES, 7, axis=0)
    if name in ("Accuracy", "IoU", "MeanIoU"):
        return BITS, np.roll(BITS, 1, axis=0)
    one_hot = np.eye(3, dtype="float32")[SHARES.argmax(-1)]
    return (one_hot if name in BY_ROW else BITS), np.roll(SHARES, 7, axis=0)


# Keras's own, of its confusion matrix on JAX.
@pytest.mark.filterwarnings("ignore:Explicitly requested dtype int64")
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", CLASSES)
def test_what_is_missing_does_not_count(name, weighted):
    target, predicted = _data(name)
    mask = SEEN[:, 0] if name in NUMBERED else SEEN
    metric, alone = _made(name, weighted), _made(name, weighted)
    update(metric, *_tensors(np.where(mask, target, 0), predicted, WEIGHT if weighted else None, mask))
    if name in BY_ROW | NUMBERED:
        kept = mask if mask.ndim == 1 else mask.all(axis=1)
        arrays = target[kept], predicted[kept], WEIGHT[kept]
    else:
        weights = np.broadcast_to(WEIGHT[:, None], mask.shape)[mask]
        arrays = target[mask][:, None], predicted[mask][:, None], weights
    alone.update_state(*_tensors(*arrays[: 3 if weighted else 2]))
    np.testing.assert_allclose(_number(metric), _number(alone), rtol=1e-4, atol=1e-6)


@pytest.mark.one_backend
@pytest.mark.parametrize("name", ["accuracy", "Accuracy", "acc"])
def test_accuracy_goes_by_the_shapes_in_any_case(name):
    """In Keras "Accuracy" means it too, and not the class of that name, which compares numbers."""
    metric = make_metric(name, "out")
    metric.update_state(*_tensors(SHARES.argmax(-1), SHARES))
    assert metric.name == name
    assert float(_number(metric)) == 1.0


@pytest.mark.one_backend
def test_a_metric_that_cannot_leave_labels_out_is_refused():
    class Counts(keras.metrics.Metric):
        def update_state(self, y_true, y_pred):
            raise AssertionError

        def result(self):
            return 0.0

    with pytest.raises(
        ValueError, match=r"The metric 'counts' must take `sample_weight`.*update_state\(y_true, y_pred\)"
    ):
        update(Counts(), *_tensors(BITS, SHARES, None, SEEN))
