"""Every constraint of Keras on weights."""

from __future__ import annotations

from typing import Any

import keras

from .case import Case, NotTrained
from .models import trunk, trunk_case

MADE: dict[str, Any] = {
    "Constraint": lambda: _Own(),
    "MaxNorm": lambda: keras.constraints.MaxNorm(0.5),
    "MinMaxNorm": lambda: keras.constraints.MinMaxNorm(0.2, 0.5, rate=0.7),
    "NonNeg": lambda: keras.constraints.NonNeg(),
    "UnitNorm": lambda: keras.constraints.UnitNorm(),
}


class _Own(keras.constraints.Constraint):
    def __call__(self, w):
        return keras.ops.clip(w, -0.2, 0.2)


def cases() -> dict[str, Case | NotTrained]:
    """By class name."""
    usual = trunk_case()
    return {
        name: Case(lambda make=make: trunk(kernel_constraint=make()), usual.arguments, usual.train)
        for name, make in MADE.items()
    }
