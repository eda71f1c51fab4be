"""The methods of Keras that take data, as they read it by name."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras

from ..reading import read_data, refuse_masked
from ..step import StepProgram
from ._evaluate import checked_evaluation


class NamedDataModel(keras.Model):
    """A `keras.Model` whose targets and weights may be named by output, target or term, and may be DataFrames."""

    program: StepProgram

    def evaluate(self, *args: Any, **kwargs: Any) -> Any:
        """As `keras.Model.evaluate`."""
        with checked_evaluation(self):
            return _with_data(self, super().evaluate, args, kwargs)

    def predict(self, *args: Any, **kwargs: Any) -> Any:
        """As `keras.Model.predict`."""
        return _with_data(self, super().predict, args, kwargs)

    def train_on_batch(self, *args: Any, **kwargs: Any) -> Any:
        """As `keras.Model.train_on_batch`."""
        return _with_data(self, super().train_on_batch, args, kwargs)

    def test_on_batch(self, *args: Any, **kwargs: Any) -> Any:
        """As `keras.Model.test_on_batch`."""
        with checked_evaluation(self):
            return _with_data(self, super().test_on_batch, args, kwargs)

    def predict_on_batch(self, *args: Any, **kwargs: Any) -> Any:
        """As `keras.Model.predict_on_batch`."""
        return _with_data(self, super().predict_on_batch, args, kwargs)


def read_arguments(trainer: Any, bound: inspect.BoundArguments) -> None:
    """Puts data in the form that Keras carries to the step in the place of what the user gave."""
    given = bound.arguments
    if trainer.program is None or "x" not in given:
        return
    names = ("x", "y", "sample_weight")
    read = read_data(trainer.program.names, *(given.get(name) for name in names))
    given.update({name: value for name, value in zip(names, read, strict=True) if name in given or value is not None})
    validation = given.get("validation_data")
    refuse_masked(validation_data=validation)
    if isinstance(validation, tuple | list) and len(validation) in (2, 3):
        read = read_data(trainer.program.names, *validation)
        given["validation_data"] = read if read[2] is not None else read[:2]


def _with_data(trainer: Any, method: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    bound = inspect.signature(method).bind(*args, **kwargs)
    read_arguments(trainer, bound)
    return method(*bound.args, **bound.kwargs)
