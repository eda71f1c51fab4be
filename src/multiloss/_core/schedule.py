"""The interface of a schedule: a user's weight as a function of the progress of training."""

from __future__ import annotations

import abc
from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field
from typing import ClassVar

from .configured import Configured
from .typing import Array


@dataclass(frozen=True)
class TrainingProgress:
    """What a schedule may read in one step.

    Attributes:
        step: scalar int: steps applied so far.
        epoch: scalar int, from 0, set by `fit`.
        losses: the raw loss of every term in the last applied step, by the term's name; NaN before the first.
        logs: the last known values of the epoch logs that `Schedule.monitors` names; NaN before they are known.
    """

    step: Array
    epoch: Array
    _: KW_ONLY
    losses: Mapping[str, Array] = field(default_factory=dict)
    logs: Mapping[str, Array] = field(default_factory=dict)


class Schedule(Configured, abc.ABC):
    """Gives a weight for each step; pure array code, so that it moves inside a compiled step."""

    family: ClassVar[str] = "schedule"

    @abc.abstractmethod
    def value(self, progress: TrainingProgress) -> Array:
        """The weight, a scalar, float32."""

    @abc.abstractmethod
    def final(self) -> float:
        """The value that the schedule ends with, which counts in `val_loss`."""

    def reads_losses(self) -> bool:
        """Whether it reads `progress.losses`."""
        return False

    def monitors(self) -> tuple[str, ...]:
        """The names of the epoch logs that it reads as `progress.logs`, such as `"val_label_accuracy"`."""
        return ()
