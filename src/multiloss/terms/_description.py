"""The interface of a term's description: stateless, so that one object can serve two trainers."""

from __future__ import annotations

import abc
from collections.abc import Sequence
from typing import ClassVar

from .._core.configured import Configured
from .._core.errors import unknown_name
from .._core.scale import Scale
from ._batch import Batch, TermValue


class Description(Configured, abc.ABC):
    """Says what a term reads and how it is computed; holds no state.

    Attributes:
        reads_targets: the term cannot do without `y`.
        may_lack_labels: the term logs `t_labelled`.
        features: the inner layers whose outputs it reads.
    """

    scale: ClassVar[Scale | None] = None
    balanced: ClassVar[bool] = True
    reads_targets: ClassVar[bool] = False
    may_lack_labels: ClassVar[bool] = False
    features: ClassVar[tuple[str, ...]] = ()

    def bound(self, key: str, outputs: Sequence[str] | None) -> Description:
        """The description with its defaults filled in from its place in `loss=`, and its names checked.

        Args:
            key: the key under which it stands.
            outputs: the model's output names; None while they are not known.
        """
        return self

    @abc.abstractmethod
    def evaluate(self, name: str, batch: Batch) -> TermValue:
        """The term's value in a batch; pure array code.

        Args:
            name: the term's name, for errors.
            batch: what it may read.
        """

    @abc.abstractmethod
    def explain(self) -> tuple[str, str]:
        """What the term reads, and how it is reduced, in words."""


def check_output(term: str, output: str, outputs: Sequence[str] | None) -> None:
    """Raises when a term names an output that the model does not have."""
    if outputs is not None and output not in outputs:
        raise unknown_name(
            "output",
            output,
            outputs,
            f"Term {term!r} must stand under an output's name, or say what it reads, as in ml.Term(..., output=...) "
            "or ml.Joint(...).",
        )
