"""Every regularizer of Keras, on weights and on activities."""

from __future__ import annotations

from typing import Any

import keras

from .case import Case, NotTrained
from .models import trunk, trunk_case

MADE: dict[str, Any] = {
    "L1": lambda: keras.regularizers.L1(0.01),
    "L2": lambda: keras.regularizers.L2(0.01),
    "L1L2": lambda: keras.regularizers.L1L2(0.01, 0.02),
    "OrthogonalRegularizer": lambda: keras.regularizers.OrthogonalRegularizer(0.01, mode="columns"),
    "Regularizer": lambda: _Own(),
}


class _Own(keras.regularizers.Regularizer):
    def __call__(self, x):
        return 0.01 * keras.ops.sum(keras.ops.abs(x) ** 3)


def cases() -> dict[str, Case | NotTrained]:
    """By class name; `Class: variant` for more of one class."""
    found: dict[str, Case | NotTrained] = {}
    for name, make in MADE.items():
        found[name] = _case("kernel_regularizer", make)
        found[f"{name}: of activities"] = _case("activity_regularizer", make)
        if name != "OrthogonalRegularizer":
            found[f"{name}: of biases"] = _case("bias_regularizer", make)
    return found


def _case(argument: str, make: Any) -> Case:
    made = trunk_case()
    return Case(lambda: _trunk(argument, make), made.arguments, made.train)


def _trunk(argument: str, make: Any) -> keras.Model:
    return trunk(**{argument: make()})
