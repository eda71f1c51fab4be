"""The interface of a scale: the detached number by which a term's loss is divided."""

from __future__ import annotations

import abc
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from .configured import Configured
from .typing import Array, State


@dataclass(frozen=True)
class Observation:
    """What a scale may read of its term in one step.

    Attributes:
        loss: scalar, detached, in the loss's own units.
        present: scalar bool: the batch has a label for the term.
        targets: the term's targets with a safe value where a label is missing; None for terms without a target.
        labelled: 1 where a target is labelled and has a weight other than 0, 0 elsewhere, in the rank of `targets`;
            None where all are.
        training: False in evaluation, where nothing may change.
        gather: where several replicas have a part of the batch each: what all of them give for a vector, shape
            `(replicas, n)`. `loss` and `present` are those of the whole batch, `targets` those of this part.
    """

    loss: Array
    present: Array
    targets: Array | None
    labelled: Array | None
    training: bool
    gather: Callable[[Array], Array] | None = None


class Scale(Configured, abc.ABC):
    """Gives the number by which a loss is divided; never what is subtracted from it.

    `fixed` says whether the number is a yardstick that does not move with training (a constant, a statistic of the
    targets, a measured pass): only those count in `val_loss`. `awaits_pass` says that `trainer.calibrate(data)` has to
    measure it before training; `reads_targets` that such a pass may measure it on the targets. `known` is the number
    itself where it never changes.
    """

    family: ClassVar[str] = "scale"
    fixed: ClassVar[bool]
    awaits_pass: ClassVar[bool] = False
    reads_targets: ClassVar[bool] = False
    known: float | None = None

    def init(self) -> State:
        """The state before the first step, as NumPy arrays."""
        return {}

    @abc.abstractmethod
    def divisor(self, observation: Observation, state: State) -> tuple[Array, State]:
        """The divisor, a positive finite scalar, and the next state; a batch without a label changes no state."""

    def is_known(self, state: State) -> Array | bool:
        """Whether the divisor is known: until then the term takes no part, and the divisor may be any number."""
        return True

    def measured_on_targets(self, state: State) -> State:
        """The state after a pass in which all targets were observed; only for scales that read targets."""
        return state

    def measured(self, losses: np.ndarray) -> State:
        """The state after a measuring pass; only for scales that await one.

        Args:
            losses: the term's loss in every labelled batch of the pass, shape `(batches,)`, float64.
        """
        return self.init()
