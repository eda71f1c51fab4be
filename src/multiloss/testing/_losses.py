"""The contract that every loss keeps, as one check for members and for people's own losses."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
from keras import ops

from .._core.errors import invalid
from ._prediction import LossAtPrediction

TOLERANCE = 1e-5


def check_loss(loss: Any, *, y_true: Any = None, y_pred: Any = None) -> None:
    """Checks that a Keras loss can serve as a term: it is saved, it acts on samples, it stays finite.

    In turn: the loss survives serialisation; `call` gives at least one value for each sample, and no sample moves the
    value of another; `sample_weight` multiplies those values; integer and float targets agree; half-precision
    predictions are computed in float32; in a training step of plain Keras, compiled where the backend compiles, the
    value is the eager one, and value and gradient are finite at perfect, extreme and empty inputs.

    Args:
        loss: a `keras.losses.Loss`.
        y_true: targets, shape `(batch, ...)`, at least two samples; None asks `loss.example_inputs()`.
        y_pred: predictions, shape `(batch, ...)`, probabilities or any real numbers: those inside [0, 1] are tried
            at 0 and 1, others at -100 and 100.

    Raises:
        AssertionError: names the loss and what it does not keep.
        ValueError: when there are no inputs, or fewer than two samples.

    Example:
        >>> import multiloss as ml
        >>> ml.testing.check_loss(ml.losses.Dice())
    """
    y_true, y_pred = _inputs(loss, y_true, y_pred)
    _check_serialization(loss, y_true, y_pred)
    _check_samples(loss, y_true, y_pred)
    _check_sample_weight(loss, y_true, y_pred)
    _check_dtypes(loss, y_true, y_pred)
    _check_compiled(loss, y_true, y_pred)


def _inputs(loss: Any, y_true: Any, y_pred: Any) -> tuple[np.ndarray, np.ndarray]:
    if y_true is None or y_pred is None:
        if not hasattr(loss, "example_inputs"):
            raise invalid(
                "`check_loss` needs `y_true` and `y_pred` for a loss without `example_inputs`",
                received=type(loss).__name__,
                fix="Write check_loss(loss, y_true=..., y_pred=...) with a small batch.",
            )
        y_true, y_pred = loss.example_inputs()
    y_true, y_pred = np.asarray(y_true), np.asarray(y_pred, "float32")
    y_true = y_true.astype("float32") if y_true.dtype.kind == "f" else y_true  # as `fit` does
    if len(y_true) < 2 or len(y_true) != len(y_pred):
        raise invalid(
            "`check_loss` needs two samples or more, as many targets as predictions",
            received=f"y_true {y_true.shape}, y_pred {y_pred.shape}",
        )
    return y_true, y_pred


def _require(condition: bool, loss: Any, what: str) -> None:
    if not condition:
        raise AssertionError(f"Loss {type(loss).__name__} {what}")


def _close(a: np.ndarray, b: np.ndarray) -> bool:
    return a.shape == b.shape and bool(np.allclose(a, b, rtol=TOLERANCE, atol=TOLERANCE))


def _values(loss: Any, y_true: Any, y_pred: Any) -> np.ndarray:
    return np.asarray(ops.convert_to_numpy(loss.call(ops.convert_to_tensor(y_true), ops.convert_to_tensor(y_pred))))


def _check_serialization(loss: Any, y_true: np.ndarray, y_pred: np.ndarray) -> None:
    config = keras.saving.serialize_keras_object(loss)
    again = keras.saving.deserialize_keras_object(json.loads(json.dumps(config)))
    _require(type(again) is type(loss), loss, f"is loaded as {type(again).__name__}")
    _require(keras.saving.serialize_keras_object(again) == config, loss, "has another config after saving and loading")
    _require(
        _close(_values(again, y_true, y_pred), _values(loss, y_true, y_pred)),
        loss,
        "gives other values after saving and loading; does `get_config` return every argument?",
    )


def _check_samples(loss: Any, y_true: np.ndarray, y_pred: np.ndarray) -> None:
    values = _values(loss, y_true, y_pred)
    _require(
        values.ndim > 0 and values.shape[0] == len(y_pred),
        loss,
        f"gives values of shape {values.shape} for {len(y_pred)} samples; `call` must keep the batch axis",
    )
    moved = y_pred.copy()
    moved[0] = y_pred[1]
    _require(
        _close(_values(loss, y_true, moved)[1:], values[1:]),
        loss,
        "lets the prediction of one sample move the value of another",
    )


def _check_sample_weight(loss: Any, y_true: np.ndarray, y_pred: np.ndarray) -> None:
    values = _values(loss, y_true, y_pred)
    weight = np.linspace(0.0, 2.0, len(values)).astype("float32")
    weighted = values * weight.reshape((-1,) + (1,) * (values.ndim - 1))
    shaped = np.broadcast_to(weight.reshape((-1,) + (1,) * (values.ndim - 1)), values.shape).copy()
    expected = {
        "sum": weighted.sum(),
        "sum_over_batch_size": weighted.mean(),
        "mean": weighted.mean(),
        "mean_with_sample_weight": weighted.sum() / shaped.sum(),
        "none": weighted,
        None: weighted,
    }[loss.reduction]
    received = np.asarray(ops.convert_to_numpy(loss(y_true, y_pred, sample_weight=shaped)))
    _require(_close(received, np.asarray(expected)), loss, "does not multiply each sample's value by `sample_weight`")


def _check_dtypes(loss: Any, y_true: np.ndarray, y_pred: np.ndarray) -> None:
    values = _values(loss, y_true, y_pred)
    if np.array_equal(y_true, np.round(y_true)):
        for dtype in ("int32", "float32"):
            same = _close(_values(loss, y_true.astype(dtype), y_pred), values)
            _require(same, loss, f"gives other values for {dtype} targets than for {y_true.dtype}")
    unreduced = type(loss).from_config({**loss.get_config(), "reduction": None})
    for dtype in ("float16", "bfloat16"):
        rounded = ops.cast(ops.convert_to_tensor(y_pred), dtype)
        expected = _values(loss, y_true, ops.cast(rounded, "float32"))
        received = np.asarray(ops.convert_to_numpy(unreduced(y_true, rounded)))
        _require(_close(received, expected), loss, f"is inexact for {dtype} predictions; compute in float32")


def _edges(y_true: np.ndarray, y_pred: np.ndarray) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    low, high = (0.0, 1.0) if y_pred.min() >= 0 and y_pred.max() <= 1 else (-100.0, 100.0)
    constants = {f"{value:g} everywhere": np.full_like(y_pred, value) for value in (low, 0.0, high)}
    for kind, targets in (("the targets", y_true), ("targets of 0", np.zeros_like(y_true))):
        predictions = dict(constants)
        if targets.shape == y_pred.shape:
            predictions["perfect"] = targets.astype("float32")
            predictions["perfect and extreme"] = np.where(targets > 0.5, high, low).astype("float32")
            predictions["wrong and extreme"] = np.where(targets > 0.5, low, high).astype("float32")
        for name, prediction in predictions.items():
            yield f"{kind} and predictions {name}", targets, prediction


def _check_compiled(loss: Any, y_true: np.ndarray, y_pred: np.ndarray) -> None:
    """The loss inside a compiled training step of plain Keras: its value as in eager mode, its gradient finite."""
    at = LossAtPrediction(loss, y_pred.shape)
    eager = np.mean(_values(loss, y_true, y_pred))
    value, gradient = at(y_true, y_pred)
    _require(_close(value, np.asarray(eager)), loss, f"is {eager} eager and {value} in a training step")
    _require(bool(np.any(gradient != 0)), loss, "has a gradient of 0 at the sample inputs: nothing would be learnt")
    for name, targets, predictions in _edges(y_true, y_pred):
        value, gradient = at(targets, predictions)
        _require(bool(np.isfinite(value).all()), loss, f"has the value {value} at {name}")
        _require(bool(np.isfinite(gradient).all()), loss, f"has a gradient that is not finite at {name}")
