"""The checks of arguments that all schedules share."""

from __future__ import annotations

import math
import numbers
from typing import Any

from .._core.errors import invalid


def finite_number(name: str, value: Any) -> float:
    """The value as a float; raises for anything that is no finite number."""
    if isinstance(value, bool) or not isinstance(value, numbers.Real) or not math.isfinite(float(value)):
        raise invalid(f"`{name}` must be a finite number", received=value)
    return float(value)


def positive_number(name: str, value: Any) -> float:
    """The value as a float above 0."""
    number = finite_number(name, value)
    if number <= 0.0:
        raise invalid(f"`{name}` must be above 0", received=value)
    return number


def whole_number(name: str, value: Any, least: int) -> int:
    """The value as an int, at least `least`."""
    if isinstance(value, bool) or not isinstance(value, numbers.Integral) or value < least:
        raise invalid(f"`{name}` must be an integer, at least {least}", received=value)
    return int(value)
