"""One room for each backend: its `StepProgram` with the `Pullback`, and derivatives by the inputs.

A new backend is one more room with a class `Program`; `step.StepProgram` and `rows.Pullback` say what it owes.
"""

from __future__ import annotations

import importlib
from typing import Any

import keras

from ..step import Replicas, StepProgram


def backend_program() -> type[StepProgram]:
    """The step of the active backend."""
    return _room().Program


def backend_replicas() -> Replicas:
    """The other replicas, as the active backend reaches them."""
    return _room().Replicas()


def matrix_derivatives(function: Any, point: Any, order: int) -> list[Any]:
    """Values and derivatives of a function between matrices on the active backend."""
    return _room().matrix_derivatives(function, point, order)


def _room() -> Any:
    return importlib.import_module(f"{__name__}.{keras.backend.backend()}")
