"""The methods of Keras that take data, as they read it by name."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras

from .._keras_seams import values_kept
from ..reading import read_data, refuse_masked
from ..step import StepProgram
from ._evaluate import checked_evaluation
from ._parts import check_parts


class NamedDataModel(keras.Model):
    """A `keras.Model` whose targets and weights may be named by output, target or term, and may be DataFrames."""

    program: StepProgram

    def evaluate(self, *args: Any, **kwargs: Any) -> Any:
        """As `keras.Model.evaluate`."""
        with checked_evaluation(self), values_kept(self):
            return _with_data(self, super().evaluate, args, kwargs)

    def predict(self, *args: Any, **kwargs: Any) -> Any:
        """As `keras.Model.predict`."""
        with values_kept(self):
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


def read_arguments(trainer: Any, bound: inspect.BoundArguments, in_batches: bool = True) -> None:
    """Puts data in the form that Keras carries to the step in the place of what the user gave.

    Args:
        trainer: the trainer.
        bound: the arguments of one of its methods.
        in_batches: whether the method cuts arrays into batches.
    """
    given = bound.arguments
    if trainer.program is None or "x" not in given:
        return
    names = ("x", "y", "sample_weight")
    read = read_data(trainer.program.names, *(given.get(name) for name in names))
    check_parts({**given, "x": read[0]}, in_batches)
    given.update({name: value for name, value in zip(names, read, strict=True) if name in given or value is not None})
    validation = given.get("validation_data")
    refuse_masked(validation_data=validation)
    if isinstance(validation, tuple | list) and len(validation) in (2, 3):
        read = read_data(trainer.program.names, *validation)
        given["validation_data"] = read if read[2] is not None else read[:2]


def _with_data(trainer: Any, method: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    signature = inspect.signature(method)
    bound = signature.bind(*args, **kwargs)
    read_arguments(trainer, bound, in_batches="batch_size" in signature.parameters)
    return method(*bound.args, **bound.kwargs)
