"""Every loss of Keras: reductions, dtypes of labels, sample weights, padding, names, functions, arguments."""

from __future__ import annotations

import inspect
from typing import Any

import keras

from .case import Case, NotTrained, on_tensorflow
from .labels import BY_LABELS, KINDS, labelled

# What each loss is for.
KIND = {
    "BinaryCrossentropy": "yes or no",
    "BinaryFocalCrossentropy": "yes or no",
    "CTC": "texts",
    "CategoricalCrossentropy": "one-hot",
    "CategoricalFocalCrossentropy": "one-hot",
    "CategoricalGeneralizedCrossEntropy": "classes",
    "CategoricalHinge": "one-hot",
    "Circle": "classes, logits",
    "CosineSimilarity": "numbers",
    "Dice": "mask",
    "Hinge": "signs",
    "Huber": "numbers",
    "KLDivergence": "one-hot",
    "LogCosh": "numbers",
    "Loss": "numbers",
    "MeanAbsoluteError": "numbers",
    "MeanAbsolutePercentageError": "positive",
    "MeanSquaredError": "numbers",
    "MeanSquaredLogarithmicError": "positive",
    "Poisson": "counts",
    "SparseCategoricalCrossentropy": "classes",
    "SparseCategoricalFocalCrossentropy": "classes",
    "SquaredHinge": "signs",
    "Tversky": "mask",
}

# More arguments worth a case, with the kind of labels where it is another one.
ARGUMENTS: dict[str, list[dict[str, Any]]] = {
    "BinaryCrossentropy": [{"from_logits": True}, {"label_smoothing": 0.1}],
    "BinaryFocalCrossentropy": [{"apply_class_balancing": True}, {"from_logits": True, "gamma": 1.0}],
    "CategoricalCrossentropy": [{"from_logits": True}, {"label_smoothing": 0.1}],
    "CategoricalFocalCrossentropy": [{"gamma": 1.0, "alpha": [0.2, 0.3, 0.5, 0.1, 0.2, 0.3]}],
    "CategoricalGeneralizedCrossEntropy": [{"q": 0.7}],
    "CosineSimilarity": [{"axis": 0}],
    "Dice": [{"axis": (1,)}],
    "Huber": [{"delta": 0.3}],
    "SparseCategoricalCrossentropy": [{"from_logits": True}, {"ignore_class": 1}, {"ignore_class": 255}],
    "SparseCategoricalFocalCrossentropy": [{"from_logits": True, "gamma": 1.0}, {"ignore_class": 1}],
    "Tversky": [{"alpha": 0.3, "beta": 0.7}, {"axis": (1,)}],
}

# TensorFlow takes the gradient by what is no scalar as that by its sum; JAX and PyTorch raise.
NO_EPSILON = "weights become NaN: its epsilon is 0 in float16"
WITHOUT_REDUCTION = "without a reduction it minimises the sum over the batch; here it is the mean"

REDUCTIONS = ("sum", "sum_over_batch_size", "mean", "mean_with_sample_weight", "none")


def _own(y_true, y_pred):
    return -keras.ops.mean(y_true * keras.ops.log(y_pred) + (1 - y_true) * keras.ops.log(1 - y_pred), axis=-1)


class _Own(keras.losses.Loss):
    def call(self, y_true, y_pred):
        return keras.ops.mean(keras.ops.abs(y_true - y_pred), axis=-1)


def cases() -> dict[str, Case | NotTrained]:
    """By class name, `Class: variant`, or the name of a function."""
    found: dict[str, Case | NotTrained] = {}
    for dtype in KINDS["yes or no"].dtypes:
        found[f"Loss: own, {dtype} labels"] = labelled("yes or no", arguments=_with(_Own), dtype=dtype)
        found[f"Loss: own function, {dtype} labels"] = labelled(
            "yes or no", arguments=_with(lambda: _own), dtype=dtype, validation=False
        )
    for name in KIND:
        found.update(_of_class(name))
    functions = [name for name, _ in inspect.getmembers(keras.losses, inspect.isfunction)]
    for name in functions:
        if name not in ("get", "serialize", "deserialize"):
            found[f"{name}()"] = labelled(
                _kind_of_function(name), arguments=_with(lambda name=name: name), changes=_changes(name)
            )
            found[f"{name}(): the function itself"] = labelled(
                _kind_of_function(name),
                arguments=_with(lambda name=name: getattr(keras.losses, name)),
                validation=False,
                changes=_changes(name),
            )
    return found


def _changes(name: str, given: dict[str, Any] | None = None) -> dict[str, str]:
    """What the logs of a loss that leaves samples out by itself mean: Circle those without a partner in the batch."""
    leaves_out = name.lower() == "circle" or "ignore_class" in (given or {})
    return BY_LABELS if leaves_out else {}


def _half_closeness(name: str) -> float:
    """How far float16 in Keras is from float32 here; on TensorFlow two losses are further: Circle multiplies by 80."""
    wider = {"BinaryFocalCrossentropy": 2e-2, "Circle": 0.2} if keras.backend.backend() == "tensorflow" else {}
    return wider.get(name, 5e-3)


def _of_class(name: str) -> dict[str, Case | NotTrained]:
    kind = KIND[name]
    cls: Any = _Own if name == "Loss" else getattr(keras.losses, name, None)  # its cases are dropped where it is none
    changed = _changes(name)
    found: dict[str, Case | NotTrained] = {name: labelled(kind, arguments=_with(cls), changes=changed)}
    for reduction in REDUCTIONS:
        arguments = _with(lambda reduction=reduction: cls(reduction=reduction))
        changes = BY_LABELS if reduction == "mean_with_sample_weight" else changed
        wrong = on_tensorflow(WITHOUT_REDUCTION if reduction == "none" else "")
        found[f"{name}: {reduction}, weights"] = labelled(
            kind, arguments=arguments, weighted=True, changes=changes, keras_is_wrong=wrong
        )
    for dtype in KINDS[kind].dtypes[1:]:
        found[f"{name}: {dtype} labels"] = labelled(
            kind, arguments=_with(cls), dtype=dtype, validation=False, changes=changed
        )
    if not KINDS[kind].before:
        padded: dict[str, Any] = {"arguments": _with(cls), "padded": True, "validation": False, "changes": BY_LABELS}
        found[f"{name}: padding"] = labelled(kind, **padded)
        found[f"{name}: padding, weights"] = labelled(kind, **padded, weighted=True)
    found[f"{name}: float16"] = labelled(
        kind,
        arguments=_with(lambda: cls(dtype="float16")),
        validation=False,
        closeness=_half_closeness(name),
        because="losses are computed in float32 here",
        keras_is_wrong=on_tensorflow(NO_EPSILON if name == "KLDivergence" else ""),
        changes=changed,
    )
    for given in ARGUMENTS.get(name, []):
        told = ", ".join(f"{key}={value}" for key, value in given.items())
        logits = ", logits" if given.get("from_logits") and f"{kind}, logits" in KINDS else ""
        found[f"{name}: {told}"] = labelled(
            kind + logits, arguments=_with(lambda given=given: cls(**given)), changes=_changes(name, given)
        )
    return found


def _with(make: Any) -> Any:
    def arguments() -> dict[str, Any]:
        return {"loss": {"main": make(), "other": "mse"}, "loss_weights": {"main": 0.7, "other": 2.0}}

    return arguments


def _kind_of_function(name: str) -> str:
    """That of the class of the same name."""
    wanted = name.replace("_", "")
    known = {"dice": "mask", "tversky": "mask"}
    return known.get(name) or next(kind for cls, kind in KIND.items() if cls.lower() == wanted)
