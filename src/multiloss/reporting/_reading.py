"""Reads arrays of unknown meaning well enough to draw them: pictures, classes, numbers, and what is missing."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

# Channels that a picture can have.
_CHANNELS = (1, 3, 4)


def is_picture(array: np.ndarray) -> bool:
    """Shape `(N, height, width)` or `(N, height, width, channels)`, with more than a few pixels a side."""
    return array.ndim in (3, 4) and min(array.shape[1:3]) >= 4


def first_picture(arrays: Mapping[str, np.ndarray]) -> np.ndarray | None:
    """The first array that can be shown as pictures."""
    shown = (a for a in arrays.values() if is_picture(a) and (a.ndim == 3 or a.shape[-1] in _CHANNELS))
    return next(shown, None)


def is_classes(target: np.ndarray, prediction: np.ndarray) -> bool:
    """Whether the prediction's last axis holds scores of classes: whole-number or one-hot targets."""
    if prediction.ndim < 2 or prediction.shape[-1] < 2:
        return False
    if target.shape == prediction.shape:
        sums = np.sum(target, axis=-1)
        return bool(np.all((target == 0) | (target == 1)) and np.all((sums == 1) | (sums == 0)))
    return target.dtype.kind in "biu" or bool(np.all(np.mod(target[np.isfinite(target)], 1.0) == 0.0))


def target_classes(target: np.ndarray, prediction: np.ndarray) -> np.ndarray:
    """The true class of each entry, as integers; -1 where it is missing or outside the classes."""
    if target.shape == prediction.shape:
        return np.where(np.sum(target, axis=-1) > 0, np.argmax(target, axis=-1), -1)
    flat = target[..., 0] if target.ndim == prediction.ndim else target
    known = np.isfinite(flat) & (flat >= 0) & (flat < prediction.shape[-1])
    return np.where(known, np.where(known, flat, 0).astype(int), -1)


def predicted_classes(prediction: np.ndarray) -> np.ndarray:
    """The class with the highest score."""
    return np.argmax(prediction, axis=-1)


def numbers(array: np.ndarray) -> np.ndarray:
    """Shape `(N, entries)`: the array as numbers, one row a sample."""
    return np.asarray(array, dtype=float).reshape(len(array), -1)


def as_image(array: np.ndarray) -> np.ndarray:
    """One sample as matplotlib shows it: `(height, width)`, or with 3 or 4 channels scaled to 0 to 1."""
    if array.ndim == 2:
        return array
    if array.shape[-1] == 1:
        return array[..., 0]
    low, high = float(np.nanmin(array)), float(np.nanmax(array))
    return (array - low) / (high - low) if (low < 0.0 or high > 1.0) and high > low else array
