"""Weights that give every class the same say."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._core.errors import invalid
from ._labels import Labels
from ._missing import as_missing, present


def balanced_class_weight(y: Any, missing: Any = None, *, one_hot: bool | None = None) -> dict[int, float]:
    """Weights for `Term(class_weight=...)` in inverse proportion to how often a class occurs.

    weight of class c = n / (K * n_c), with n labels, K classes that occur and n_c labels of class c: the weights of
    all labels add up to n, so that the loss keeps its size.

    Args:
        y: integer labels of any shape, such as `(n,)`, `(n, 1)` or `(n, height, width)`, or one-hot labels whose last
            axis is the class. NaN stands for a missing label.
        missing: another value that stands for a missing label, such as -1.
        one_hot: whether the last axis is the class; None looks whether every row along it holds a single 1 beside 0.

    Returns:
        Class to weight, for the classes that occur.

    Raises:
        ValueError: when there is no label, or one that is no class (negative, fractional, several in a row).

    Example:
        >>> import multiloss as ml
        >>> ml.balanced_class_weight([0, 0, 0, 1, -1], missing=-1)
        {0: 0.6666666666666666, 1: 2.0}

    The formula is scikit-learn's `compute_class_weight("balanced")`.
    """
    labels = np.asarray(y)
    if labels.dtype.kind not in "biuf":
        raise invalid("`y` must be an array of numbers", received=f"dtype {labels.dtype}")
    labels = labels.astype("float64")
    if one_hot is None:
        one_hot = _looks_one_hot(labels, missing)
    classes = _from_one_hot(labels, missing) if one_hot else labels.ravel()[~_missing(labels.ravel(), missing)]
    if classes.size == 0:
        raise invalid("`y` must hold at least one label", received=f"shape {labels.shape}, missing={missing!r}")
    strange = classes[(classes < 0) | (classes != np.floor(classes))]
    if strange.size:
        raise invalid(
            "`y` must hold classes 0, 1, ... or one-hot rows",
            received=f"the value {strange[0]:g}",
            fix="Name the value that stands for a missing label with missing=..., or pass y.argmax(-1).",
        )
    found, counts = np.unique(classes, return_counts=True)
    weights = classes.size / (len(found) * counts)
    return {int(label): float(weight) for label, weight in zip(found, weights, strict=True)}


def _missing(values: np.ndarray, missing: Any) -> np.ndarray:
    there = present(Labels("", values, as_missing(missing)))
    return np.isnan(values) if there is None else np.isnan(values) | ~np.asarray(there)


def _labelled_rows(labels: np.ndarray, missing: Any) -> np.ndarray:
    rows = labels.reshape(-1, labels.shape[-1])
    return rows[~(np.isnan(rows).any(axis=-1) | _missing(rows, missing).all(axis=-1))]


def _is_one_hot(rows: np.ndarray) -> bool:
    return bool(np.isin(rows, (0, 1)).all() and (rows.sum(axis=-1) == 1).all())


def _looks_one_hot(labels: np.ndarray, missing: Any) -> bool:
    if labels.ndim < 2 or labels.shape[-1] < 2:
        return False
    rows = _labelled_rows(labels, missing)
    return len(rows) > 0 and _is_one_hot(rows)


def _from_one_hot(labels: np.ndarray, missing: Any) -> np.ndarray:
    if labels.ndim < 2:
        raise invalid("One-hot labels must have a last axis of classes", received=f"shape {labels.shape}")
    rows = _labelled_rows(labels, missing)
    if not _is_one_hot(rows):
        raise invalid("One-hot labels must hold a single 1 in each row", received=f"labels of shape {labels.shape}")
    return rows.argmax(axis=-1).astype("float64")
