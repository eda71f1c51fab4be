"""A condition as a function of the user's, called by argument name."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from keras import ops

from .._core.errors import invalid
from .._core.schedule import TrainingProgress
from .._core.typing import Array

ARGUMENTS = ("step", "epoch", "losses", "logs")


@dataclass(frozen=True)
class Judgement:
    """A function of any of `step, epoch, losses, logs` that gives a scalar truth value.

    Attributes:
        function: the function.
        arguments: those that it asks for.
        monitors: the epoch logs that it may read.
    """

    function: Callable[..., Any]
    arguments: tuple[str, ...]
    monitors: tuple[str, ...]

    in_the_end = True

    @classmethod
    def of(cls, function: Callable[..., Any], monitors: tuple[str, ...]) -> Judgement:
        """Looks at what the function asks for.

        Raises:
            ValueError: when it asks for something else, or for `logs` without `monitor`, or the other way about.
        """
        asked = list(inspect.signature(function).parameters.values())
        named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
        known = tuple(p.name for p in asked if p.name in ARGUMENTS and p.kind in named)
        if any(p.name not in known and p.default is p.empty for p in asked):
            raise invalid(
                f"A condition's function may ask by name for any of {list(ARGUMENTS)}",
                received=f"{getattr(function, '__name__', function)}({', '.join(str(p) for p in asked)})",
            )
        if ("logs" in known) != bool(monitors):
            raise invalid(
                "`monitor` must name the epoch logs of a function that asks for `logs`, and only then be given",
                received=f"monitor={list(monitors)} and a function of ({', '.join(known)})",
            )
        return cls(function, known, monitors)

    @property
    def reads_losses(self) -> bool:
        """Whether it asks for the last losses."""
        return "losses" in self.arguments

    def holds(self, progress: TrainingProgress) -> Array:
        """A scalar bool."""
        offered = {
            "step": ops.convert_to_tensor(progress.step),
            "epoch": ops.convert_to_tensor(progress.epoch),
            "losses": progress.losses,
            "logs": progress.logs,
        }
        value = ops.convert_to_tensor(self.function(**{name: offered[name] for name in self.arguments}))
        if len(value.shape):
            raise invalid("A condition's function must return a scalar", received=f"the shape {tuple(value.shape)}")
        return ops.cast(value, "bool")
