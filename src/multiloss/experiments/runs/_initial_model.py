"""The same model from the same initial weights, as often as it is asked for."""

from __future__ import annotations

import keras
import numpy as np
from keras import ops

from ..._core.errors import invalid
from ...problems import Problem, with_fresh_names
from ...training.reading import Names


class InitialModel:
    """Builds a problem's model from one seed; every one starts from the same values.

    Args:
        problem: whose model.
        seed: set for Python, NumPy and the backend before each building.

    Raises:
        ValueError: when `build_model` returns no `keras.Model`, or one without variables.
    """

    def __init__(self, problem: Problem, seed: int):
        self.problem = problem
        self.seed = seed
        # The first model is kept as values, not as an object: it must not be trained.
        model = self._build()
        self.values = [np.array(ops.convert_to_numpy(variable)) for variable in model.variables]
        self.output_names = list(Names(model).listed or ())

    def model(self) -> keras.Model:
        """A new model with the initial values, those of its seed generators included.

        A `build_model` that draws from a generator of its own gives other values each time: they are overwritten.
        """
        model = self._build()
        variables = model.variables
        if [tuple(variable.shape) for variable in variables] != [value.shape for value in self.values]:
            raise invalid(
                "`build_model` must return the same architecture each time",
                received=f"{len(self.values)} variables, then {len(variables)}, or other shapes",
            )
        for variable, value in zip(variables, self.values, strict=True):
            variable.assign(value)
        return model

    def _build(self) -> keras.Model:
        model = with_fresh_names(lambda: self.problem.new_model(self.seed))
        if not model.built:
            raise invalid(
                "`build_model` must return a built model, so that its weights can be compared",
                received=f"{model.name!r} without variables",
                fix="Call the model once on a batch, or start it with keras.Input.",
            )
        return model
