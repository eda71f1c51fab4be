"""A condition in words: a name, a comparison, a number."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from keras import ops

from .._core.errors import invalid, unknown_name
from .._core.schedule import TrainingProgress
from .._core.typing import Array

COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "<=": lambda left, right: left <= right,
    ">=": lambda left, right: left >= right,
    "<": lambda left, right: left < right,
    ">": lambda left, right: left > right,
}
_FORM = re.compile(r"\s*([^<>=!\s](?:[^<>=!]*[^<>=!\s])?)\s*(<=|>=|<|>)\s*([^<>=!\s]+)\s*")
_TERM_LOSS = re.compile(r"(?!val_)(.+)_loss")


@dataclass(frozen=True)
class Comparison:
    """`name operator number`.

    Attributes:
        name: `"step"`, `"epoch"`, `"<term>_loss"`, or an epoch log.
        operator: one of `< <= > >=`.
        number: finite.
    """

    name: str
    operator: str
    number: float

    @classmethod
    def parse(cls, text: str) -> Comparison:
        """Reads the three parts.

        Raises:
            ValueError: for anything else.
        """
        found = _FORM.fullmatch(text)
        try:
            number = float(found[3]) if found else math.nan
        except ValueError:
            number = math.nan
        if found is None or not math.isfinite(number):
            raise invalid(
                "A condition in words must be '<name> <comparison> <number>' with one of < <= > >=",
                received=repr(text),
                fix="For instance 'epoch >= 5', 'label_loss < 0.3' or 'val_label_accuracy > 0.9'; "
                "a function serves for anything else.",
            )
        return cls(found[1], found[2], number)

    @property
    def of_time(self) -> bool:
        """Whether it reads the step or the epoch."""
        return self.name in ("step", "epoch")

    @property
    def term(self) -> str | None:
        """The term whose last loss it reads."""
        found = _TERM_LOSS.fullmatch(self.name)
        return found[1] if found else None

    @property
    def reads_losses(self) -> bool:
        """Whether it reads a term's last loss."""
        return self.term is not None

    @property
    def monitors(self) -> tuple[str, ...]:
        """The epoch log that it reads, if it does."""
        return () if self.of_time or self.reads_losses else (self.name,)

    @property
    def in_the_end(self) -> bool:
        """Whether it holds after endless training; what training must bring about is taken to come."""
        return self.operator in (">", ">=") or not self.of_time

    def holds(self, progress: TrainingProgress) -> Array:
        """A scalar bool; False where what it reads is not known yet, for no comparison with NaN holds."""
        return COMPARISONS[self.operator](ops.cast(ops.convert_to_tensor(self._read(progress)), "float32"), self.number)

    def _read(self, progress: TrainingProgress) -> Array:
        if self.of_time:
            return progress.step if self.name == "step" else progress.epoch
        if (term := self.term) is None:
            return _entry("epoch log", self.name, self.name, progress.logs)
        return _entry("term", term, self.name, progress.losses)


def _entry(kind: str, name: str, read: str, known: Any) -> Array:
    if name not in known:
        fix = f"A condition reads {read!r}. An epoch log whose name ends in '_loss' needs a function with `monitor`."
        raise unknown_name(kind, name, known, fix if kind == "term" else f"A condition reads {read!r}.")
    return known[name]
