"""Bound terms: a description with a name, a place in the vectors, and a weight that can be changed at any time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from keras import ops

from ..._core.errors import invalid
from ..._core.scale import Scale
from ..._core.schedule import Schedule, TrainingProgress
from ...terms import Description
from .._keras_seams import sync_state
from ._specification import check_weight
from ._state import TrainingState


class WeightHandle:
    """The user's weight of a term: read and changed at any time, on every backend.

    A change acts from the next execution on, without a new compilation.
    """

    def __init__(
        self,
        model: Any,
        state: TrainingState,
        name: str,
        *,
        index: int,
        schedules: tuple[Schedule, ...],
        progress: Callable[[], TrainingProgress],
    ):
        self._model = model
        self._state = state
        self._name = name
        self._index = index
        self._progress = progress
        self.schedules = schedules

    @property
    def value(self) -> float:
        """The weight now, schedules included."""
        sync_state(self._model)
        product = float(ops.convert_to_numpy(self._state["user_weights"])[self._index])
        progress = self._progress()
        for schedule in self.schedules:
            product *= float(ops.convert_to_numpy(schedule.value(progress)))
        return product

    def assign(self, value: float) -> None:
        """Sets the weight, from the next execution on.

        Args:
            value: a finite number, dimensionless; 0 takes the term out.
        """
        if self.schedules:
            raise invalid(
                f"The weight of term {self._name!r} follows a schedule",
                received=f"assign({value!r})",
                fix="Compile without the schedule to set the weight by hand.",
            )
        number = check_weight(self._name, value)
        sync_state(self._model)
        variable = self._state["user_weights"]
        weights = np.array(ops.convert_to_numpy(variable))
        weights[self._index] = number
        variable.assign(weights)

    def __repr__(self) -> str:
        return f"<weight of {self._name!r}: {self.value:g}>"


@dataclass(frozen=True)
class BoundTerm:
    """A term of one trainer.

    Attributes:
        name: the name in the logs.
        description: what it reads and how; None for the model's own regularisers and `add_loss` values.
        index: its place in the vectors.
        weight: the handle of the user's weight.
    """

    name: str
    description: Description | None
    index: int
    weight: WeightHandle

    @property
    def scale_prefix(self) -> str:
        """Before the keys of its scale's variables; the place tells apart what names may not: `a` and `a/b`."""
        return f"scale/{self.index}_{self.name}/"

    @property
    def constraint_prefix(self) -> str:
        """Before the keys of its multiplier's variables."""
        return f"constraint/{self.index}_{self.name}/"

    @cached_property
    def balanced(self) -> bool:
        """Whether the balancer weighs it."""
        return self.description is not None and self.description.balanced

    @cached_property
    def scale(self) -> Scale | None:
        """By what its loss is divided."""
        return None if self.description is None else self.description.scale

    @cached_property
    def reads_targets(self) -> bool:
        """Whether it cannot do without `y`."""
        return self.description is not None and self.description.reads_targets

    @cached_property
    def may_lack_labels(self) -> bool:
        """Whether it logs the fraction of labels present."""
        return self.description is not None and self.description.may_lack_labels
