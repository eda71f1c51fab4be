"""What a case of the fuzzer must give, in NumPy; None for nonsense, which multiloss must refuse."""

from __future__ import annotations

import numpy as np

TINY = 1e-7  # Keras keeps probabilities that far from 0 and 1


def _cross_entropy(y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
    y_pred = np.clip(y_pred, TINY, 1 - TINY)
    return -(y_true * np.log(y_pred) + (1 - y_true) * np.log(1 - y_pred))


def _categorical(y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
    return -(y_true * np.log(np.clip(y_pred, TINY, 1 - TINY))).sum(-1)


def _huber(y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
    error = np.abs(y_true - y_pred)
    return np.where(error <= 1, error**2 / 2, error - 0.5)


ENTRYWISE = {
    "mse": lambda y_true, y_pred: (y_true - y_pred) ** 2,
    "mae": lambda y_true, y_pred: np.abs(y_true - y_pred),
    "huber": _huber,
    "binary_crossentropy": _cross_entropy,
}


def term_value(
    loss: str,
    y_true: np.ndarray,
    y_pred: np.ndarray,
    *,
    column: list[int] | None,
    missing: float | None,
    class_weight: dict[int, float] | None,
    sample_weight: np.ndarray | None,
    reduction: str,
) -> float:
    """One term's value for a batch: sum(w l) / number of labelled samples, or what the reduction says instead."""
    y_true, y_pred = np.asarray(y_true, float), np.asarray(y_pred, float)
    if column is not None:
        y_true = y_true[:, column] if y_true.shape == y_pred.shape else y_true
        y_pred = y_pred[:, column]
    rows = len(y_pred)
    present = np.ones(y_true.shape, bool)
    if missing is not None:
        present = ~np.isnan(y_true) if np.isnan(missing) else y_true != missing
    weights = np.ones(rows) if sample_weight is None else np.asarray(sample_weight, float).reshape(rows)
    if class_weight is not None:
        labels = y_true.argmax(-1) if loss == "categorical_crossentropy" else np.where(present, y_true, 0).reshape(rows)
        weights = weights * [class_weight.get(int(label), 1.0) for label in labels]
    if loss in ENTRYWISE:
        y_true, present = y_true.reshape(y_pred.shape), present.reshape(y_pred.shape)
        values = ENTRYWISE[loss](np.where(present, y_true, 0), y_pred)
    else:
        present = present.reshape(rows, -1).all(-1, keepdims=True)
        if loss == "sparse_categorical_crossentropy":
            y_true = np.eye(y_pred.shape[-1])[np.where(present, y_true.reshape(rows, 1), 0).astype(int)[:, 0]]
        values = _categorical(np.where(present, y_true, 0), y_pred)[:, None]
    counts = present.sum(-1)
    if not counts.any():
        return 0.0
    sums = np.where(present, values, 0).sum(-1) * weights
    entries = values.shape[-1]
    if reduction == "sum":
        return float(sums.sum() / entries)
    if reduction == "sample_mean":
        return float((sums / np.maximum(counts, 1)).sum() / (counts > 0).sum())
    if reduction == "weighted_mean":
        total = (weights * counts).sum()
        return float(sums.sum() / total) if total else 0.0
    return float(sums.sum() / counts.sum())
