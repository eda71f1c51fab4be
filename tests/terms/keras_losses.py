"""Every loss class of Keras, with a small batch that it is meant for."""

from __future__ import annotations

import inspect

import keras
import numpy as np

RANDOM = np.random.default_rng(0)
BATCH, STEPS, CLASSES = 4, 3, 3
CASES = {name: value for name, value in vars(keras.losses).items() if inspect.isclass(value) and name != "Loss"}
# One value for a whole batch: neither weights nor masks act on samples.
WHOLE_BATCH = ("Dice", "Tversky")
SPARSE = ("SparseCategoricalCrossentropy", "SparseCategoricalFocalCrossentropy")  # not every release has both
ARGUMENTS = {**{name: {"ignore_class": 2} for name in SPARSE}, "Circle": {"gamma": 2.0}}


def batch(name: str) -> tuple[np.ndarray, np.ndarray]:
    """Targets, as integers, and predictions, shape `(batch, steps, ...)` where the loss bears that."""
    numbers = RANDOM.uniform(0.05, 0.95, (BATCH, STEPS, CLASSES)).astype("float32")
    classes = RANDOM.integers(0, CLASSES, (BATCH, STEPS))
    shares = numbers / numbers.sum(-1, keepdims=True)
    if name in SPARSE:
        classes[0] = [2, 2, 0]
        return classes, shares
    if name == "Circle":
        unit = numbers[:, 0] / np.linalg.norm(numbers[:, 0], axis=-1, keepdims=True)
        return np.array([0, 1, 0, 1]), unit
    if name == "CTC":
        return np.array([[1, 2], [2, 1], [1, 1], [2, 2]]), RANDOM.normal(size=(BATCH, 5, CLASSES)).astype("float32")
    if name == "CategoricalGeneralizedCrossEntropy":
        return classes[:, 0], shares[:, 0]
    if name.startswith("Categorical"):
        return np.eye(CLASSES, dtype="int64")[classes], shares
    return RANDOM.integers(0, 2, (BATCH, STEPS, CLASSES)), numbers
