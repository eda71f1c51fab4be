"""Every metric of Keras, with and without sample weights, with padding, in validation, over uneven batches."""

from __future__ import annotations

import inspect
from typing import Any

import keras

from .case import Case, NotTrained, of_uneven_batches
from .labels import BY_LABELS, CLASSES, OF_LOST_MASKS, OF_PADDING, OF_SCALED_WEIGHTS, labelled

# What each metric is for, and the arguments that it needs.
KIND: dict[str, tuple[str, dict[str, Any]]] = {
    "AUC": ("yes or no", {"num_thresholds": 20}),
    "Accuracy": ("counts", {}),
    "BinaryAccuracy": ("yes or no", {}),
    "BinaryCrossentropy": ("yes or no", {}),
    "BinaryIoU": ("yes or no", {}),
    "CategoricalAccuracy": ("one-hot", {}),
    "CategoricalCrossentropy": ("one-hot", {}),
    "CategoricalHinge": ("one-hot", {}),
    "ConcordanceCorrelation": ("numbers", {}),
    "CosineSimilarity": ("numbers", {}),
    "F1Score": ("one-hot", {}),
    "FBetaScore": ("one-hot", {"average": "macro"}),
    "FalseNegatives": ("yes or no", {}),
    "FalsePositives": ("yes or no", {}),
    "Hinge": ("signs", {}),
    "IoU": ("classes", {"num_classes": CLASSES, "target_class_ids": [0, 1], "sparse_y_pred": False}),
    "KLDivergence": ("one-hot", {}),
    "LogCoshError": ("numbers", {}),
    "MeanAbsoluteError": ("numbers", {}),
    "MeanAbsolutePercentageError": ("positive", {}),
    "MeanIoU": ("classes", {"num_classes": CLASSES, "sparse_y_pred": False}),
    "MeanSquaredError": ("numbers", {}),
    "MeanSquaredLogarithmicError": ("positive", {}),
    "OneHotIoU": ("one-hot", {"num_classes": CLASSES, "target_class_ids": [0, 2]}),
    "OneHotMeanIoU": ("one-hot", {"num_classes": CLASSES}),
    "PearsonCorrelation": ("numbers", {}),
    "Poisson": ("counts", {}),
    "Precision": ("yes or no", {}),
    "PrecisionAtRecall": ("yes or no", {"recall": 0.5, "num_thresholds": 20}),
    "R2Score": ("numbers", {}),
    "Recall": ("yes or no", {}),
    "RecallAtPrecision": ("yes or no", {"precision": 0.5, "num_thresholds": 20}),
    "RootMeanSquaredError": ("numbers", {}),
    "SensitivityAtSpecificity": ("yes or no", {"specificity": 0.5, "num_thresholds": 20}),
    "SparseCategoricalAccuracy": ("classes", {}),
    "SparseCategoricalCrossentropy": ("classes", {}),
    "SparseTopKCategoricalAccuracy": ("classes", {"k": 2}),
    "SpecificityAtSensitivity": ("yes or no", {"sensitivity": 0.5, "num_thresholds": 20}),
    "SquaredHinge": ("signs", {}),
    "TopKCategoricalAccuracy": ("one-hot", {"k": 2}),
    "TrueNegatives": ("yes or no", {}),
    "TruePositives": ("yes or no", {}),
}

# More arguments worth a case.
ARGUMENTS: dict[str, list[dict[str, Any]]] = {
    "AUC": [{"multi_label": True, "num_labels": 2, "num_thresholds": 20}, {"curve": "PR", "num_thresholds": 20}],
    "Precision": [{"class_id": 1}, {"top_k": 1}, {"thresholds": [0.3, 0.6]}],
    "Recall": [{"class_id": 1}, {"top_k": 1}],
    "R2Score": [{"class_aggregation": "variance_weighted_average"}, {"class_aggregation": None}],
    "F1Score": [{"average": "weighted"}, {"average": "micro"}],
    "MeanAbsoluteError": [{"name": "a_name", "dtype": "float64"}],
}

SHORT = {
    "accuracy": "classes",
    "acc": "one-hot",
    "crossentropy": "classes",
    "ce": "one-hot",
    "mae": "numbers",
    "mse": "numbers",
}

PADDED = ("numbers", "positive", "classes", "one-hot", "yes or no")


def cases() -> dict[str, Case | NotTrained]:
    """By class name, `Class: variant`, or the name of a function or a string."""
    found: dict[str, Case | NotTrained] = {
        "Mean": NotTrained("of values, not of targets and predictions"),
        "Sum": NotTrained("of values, not of targets and predictions"),
        "Metric": labelled("numbers", arguments=_with(lambda: _Largest(), "numbers")),
        "MeanMetricWrapper": labelled(
            "numbers", arguments=_with(lambda: keras.metrics.MeanMetricWrapper(_distance), "numbers")
        ),
    }
    for name, (kind, given) in KIND.items():
        found.update(_of_class(name, kind, given))
    for name, kind in SHORT.items():
        found[f'"{name}"'] = labelled(kind, arguments=_with(lambda name=name: name, kind), weighted=True)
        found[f'"{name}": padding'] = _padded(kind, lambda name=name: name)
    for name, function in inspect.getmembers(keras.metrics, inspect.isfunction):
        if name not in ("get", "serialize", "deserialize"):
            kind = _kind_of_function(name)
            found[f"{name}()"] = labelled(kind, arguments=_with(lambda name=name: name, kind), weighted=True)
            found[f"{name}(): the function itself"] = labelled(kind, arguments=_with(lambda f=function: f, kind))
    return found


def _of_class(name: str, kind: str, given: dict[str, Any]) -> dict[str, Case | NotTrained]:
    cls = getattr(keras.metrics, name)

    def make() -> Any:
        return cls(**given)

    found: dict[str, Case | NotTrained] = {
        name: labelled(kind, arguments=_with(make, kind)),
        f"{name}: weights, uneven batches": labelled(
            kind, arguments=_with(make, kind), weighted=True, samples=10, changes=of_uneven_batches("main", "other")
        ),
    }
    if kind in PADDED:
        found[f"{name}: padding"] = _padded(kind, make)
    if kind in ("one-hot", "yes or no", "classes", "counts"):
        found[f"{name}: int64 labels"] = labelled(kind, arguments=_with(make, kind), dtype="int64", validation=False)
    for more in ARGUMENTS.get(name, []):
        told = ", ".join(f"{key}={value}" for key, value in more.items())
        found[f"{name}: {told}"] = labelled(kind, arguments=_with(lambda more=more: cls(**more), kind), weighted=True)
    return found


def _padded(kind: str, make: Any) -> Case:
    changes = dict(BY_LABELS)
    metric = make()
    if isinstance(metric, keras.metrics.Metric) and not isinstance(metric, keras.metrics.MeanMetricWrapper):
        changes["*main_*"] = OF_PADDING
    elif keras.backend.backend() == "torch":
        changes["*main_weighted_*"] = changes["*main_*_1"] = OF_SCALED_WEIGHTS
    elif keras.backend.backend() == "jax":
        changes["main_*"] = OF_LOST_MASKS
    return labelled(kind, arguments=_with(make, kind), padded=True, weighted=True, changes=changes)


LOSS = {
    "numbers": "mse",
    "positive": "mse",
    "counts": "poisson",
    "yes or no": "binary_crossentropy",
    "signs": "hinge",
    "one-hot": "categorical_crossentropy",
    "classes": "sparse_categorical_crossentropy",
    "mask": "binary_crossentropy",
}


def _with(make: Any, kind: str) -> Any:
    def arguments() -> dict[str, Any]:
        return {
            "loss": {"main": LOSS[kind], "other": "mse"},
            "metrics": {"main": [make()], "other": ["mae"]},
            "weighted_metrics": {"main": [make()]},
        }

    return arguments


def _kind_of_function(name: str) -> str:
    known = {"binary_focal_crossentropy": "yes or no", "categorical_focal_crossentropy": "one-hot", "huber": "numbers"}
    wanted = {name.replace("_", ""), f"{name.replace('_', '')}error"}
    return known.get(name) or next(kind for cls, (kind, _) in KIND.items() if cls.lower() in wanted)


def _distance(y_true, y_pred):
    return keras.ops.mean(keras.ops.abs(keras.ops.cast(y_true, y_pred.dtype) - y_pred), axis=-1)


class _Largest(keras.metrics.Metric):
    def __init__(self, name="largest", **kwargs):
        super().__init__(name=name, **kwargs)
        self.largest = self.add_variable((), "zeros", name="largest")

    def update_state(self, y_true, y_pred, sample_weight=None):
        self.largest.assign(keras.ops.maximum(self.largest, keras.ops.max(keras.ops.abs(y_true - y_pred))))

    def result(self):
        return self.largest.value
