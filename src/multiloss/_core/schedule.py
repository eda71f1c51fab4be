"""The interface of a schedule: a user's weight as a function of the step or the epoch."""

from __future__ import annotations

import abc
from typing import Any, ClassVar

from .typing import Array


class Schedule(abc.ABC):
    """Gives a weight for each step; pure array code, so that it moves inside a compiled step."""

    family: ClassVar[str] = "schedule"

    @abc.abstractmethod
    def value(self, step: Array, epoch: Array) -> Array:
        """The weight, a scalar.

        Args:
            step: scalar int: steps applied so far.
            epoch: scalar int, set by `fit`.
        """

    @abc.abstractmethod
    def final(self) -> float:
        """The value that the schedule ends with, which counts in `val_loss`."""

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this object again."""
        return {}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Schedule:
        """Makes the object from `get_config`."""
        return cls(**config)
