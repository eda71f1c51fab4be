"""What one number of a search may be: a span, or one of a few options."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np

from ..._core.errors import invalid

# A span of positive numbers at least this wide is searched by factors, not by differences.
_WIDE = 10.0
_FORMS = "(low, high), a list of options, or one number"


@dataclass(frozen=True)
class Span:
    """Every number from `low` to `high`.

    Attributes:
        low: the smallest, itself included.
        high: the largest, itself included.
        log: uniform in the logarithm.
        whole: integers only.
    """

    low: float
    high: float
    log: bool = False
    whole: bool = False

    def suggest(self, trial: Any, name: str) -> float | int:
        """A number from an Optuna trial."""
        if self.whole:
            return int(trial.suggest_int(name, int(self.low), int(self.high), log=self.log))
        return float(trial.suggest_float(name, self.low, self.high, log=self.log))

    def points(self, count: int) -> list[float | int]:
        """That many numbers, evenly spread from end to end; the middle where it is one."""
        low, high = (math.log(self.low), math.log(self.high)) if self.log else (self.low, self.high)
        places = [(low + high) / 2] if count == 1 else [float(place) for place in np.linspace(low, high, count)]
        # Rounded, so that 1 is 1 and not exp(log(0.1) / 2 + log(10) / 2); and inside the span.
        values = [float(f"{math.exp(place) if self.log else place:.12g}") for place in places]
        values = [min(max(value, self.low), self.high) for value in values]
        return list(dict.fromkeys(round(value) for value in values)) if self.whole else list(values)

    def holding(self, value: float) -> Span:
        """The span, widened to hold a number."""
        return Span(min(self.low, value), max(self.high, value), self.log, self.whole)


@dataclass(frozen=True)
class Options:
    """One of a few values; a single one is fixed and no parameter of the search."""

    values: tuple[Any, ...]

    def suggest(self, trial: Any, name: str) -> Any:
        """A value from an Optuna trial."""
        return self.values[0] if len(self.values) == 1 else trial.suggest_categorical(name, list(self.values))

    def points(self, count: int) -> list[Any]:
        """All of them, whatever the count."""
        return list(self.values)

    def holding(self, value: Any) -> Options:
        """The options with one more; a single one stays fixed."""
        return self if value in self.values or len(self.values) == 1 else Options((*self.values, value))


Range = Span | Options


def weight_range(what: str, value: Any) -> Range:
    """The range of a weight, searched by factors.

    Args:
        what: the term, for the error.
        value: `(low, high)`, a list of options, or one number; as text `"1e-6..1"`, `"0.1|1|10"`, `"0.5"`.

    Raises:
        ValueError: for anything else, and for numbers that are not positive.
    """
    found = _read(what, value)
    numbers = (found.low, found.high) if isinstance(found, Span) else found.values
    if not all(_is_number(number) and math.isfinite(number) and number > 0 for number in numbers):
        raise invalid(
            f"The weight of {what} must be searched over positive numbers",
            received=repr(value),
            fix="A weight of 0 takes the term out: leave it out of `loss` for that.",
        )
    if isinstance(found, Span):
        return Span(float(found.low), float(found.high), log=True)
    return Options(tuple(float(number) for number in numbers))


def parameter_range(what: str, value: Any) -> Range:
    """The range of a balancer's parameter: integers stay integers, and wide positive spans go by factors."""
    found = _read(what, value)
    if isinstance(found, Span):
        whole = isinstance(found.low, int) and isinstance(found.high, int)
        return Span(found.low, found.high, log=found.low > 0 and found.high / found.low >= _WIDE, whole=whole)
    return found


def _read(what: str, value: Any) -> Range:
    value = _from_text(value) if isinstance(value, str) else value
    if isinstance(value, tuple) and len(value) == 2 and all(_is_number(number) for number in value):
        if not value[0] < value[1] or not all(math.isfinite(number) for number in value):
            raise invalid(f"The range of {what} must run from a smaller number to a larger one", received=repr(value))
        return Span(*value)
    if isinstance(value, Sequence) and not isinstance(value, str | tuple) and len(value):
        return Options(tuple(value))
    if isinstance(value, str | bool) or _is_number(value):
        return Options((value,))
    raise invalid(f"The range of {what} must be {_FORMS}", received=repr(value))


def _from_text(text: str) -> Any:
    if ".." in text:
        ends = [_scalar(part) for part in text.split("..")]
        return tuple(ends)
    return [_scalar(part) for part in text.split("|")] if "|" in text else _scalar(text)


def _scalar(text: str) -> Any:
    text = text.strip()
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return {"true": True, "false": False}.get(text.lower(), text)


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)
