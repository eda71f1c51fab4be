"""Evaluates a term on given predictions, without a model."""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import ops

from backend import value_and_gradient as value_and_gradient
from multiloss import Term
from multiloss.terms import Batch, TermValue


def batch(y_true: Any, y_pred: Any, sample_weight: Any = None, extra: dict | None = None, model: Any = None) -> Batch:
    """A batch of one output, `out`; `extra` holds further keys of `y`."""
    weights = {} if sample_weight is None else {"out": sample_weight}
    return Batch(None, {"out": y_true, **(extra or {})}, {"out": y_pred}, weights, model, ops.zeros((), "int32"))


def evaluate(term: Term, y_true: Any, y_pred: Any, **given: Any) -> TermValue:
    """The term's value for one output."""
    bound = term.bound("out", ["out"])
    return bound.evaluate("out", batch(y_true, ops.convert_to_tensor(y_pred), **given))


def loss(term: Term, y_true: Any, y_pred: Any, **given: Any) -> float:
    """The term's loss as a number."""
    return float(ops.convert_to_numpy(evaluate(term, y_true, y_pred, **given).loss))


def loss_and_gradient(term: Term, y_true: Any, y_pred: np.ndarray, **given: Any) -> tuple[float, np.ndarray]:
    """The loss and its gradient by the predictions, on the active backend."""

    def function(predictions: Any) -> Any:
        return evaluate(term, y_true, predictions, **given).loss

    return value_and_gradient(function, y_pred)
