"""One room for each backend: its `StepProgram` with the `Pullback`, and derivatives by the inputs.

A new backend is one more room with a class `Program`; `step.StepProgram` and `rows.Pullback` say what it owes.
"""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Callable, Sequence
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


def check_processes(host: Any, variables: Callable[[], Sequence[Any]]) -> None:
    """Raises where devices or processes that belong together would not give the numbers of one.

    Args:
        host: the `keras.Model` that trains.
        variables: gives its own and its optimizer's, where they are asked for.
    """
    _asked("check_processes", None, host, variables)


def check_alone(what: str) -> None:
    """Raises where a function would be called in processes that belong together, and trains each model in one.

    Args:
        what: the name of the function.
    """
    _asked("check_alone", None, what)


def parts_of_a_batch() -> int:
    """Into how many equal parts every batch of this process must be cut."""
    return _asked("parts_of_a_batch", 1)


def devices_of_a_batch() -> int:
    """How many devices hold a part of a batch that a step sees as one array; 1 where replicas see a part each."""
    return _asked("devices_of_a_batch", 1)


def written_by_one(variables: Sequence[Any]) -> contextlib.AbstractContextManager[bool]:
    """Gives whether this process writes the files of a model: of those that train it together, one does.

    Args:
        variables: what will be saved.
    """
    return _asked("written_by_one", contextlib.nullcontext(True), variables)


def _asked(question: str, alone: Any, *arguments: Any) -> Any:
    """The answer of the active backend's room; of one that knows no other process, what holds for one alone."""
    return getattr(_room(), question, lambda *_: alone)(*arguments)


def _room() -> Any:
    return importlib.import_module(f"{__name__}.{keras.backend.backend()}")
