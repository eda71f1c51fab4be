"""Arguments of loss-value balancers: one positive number, or one number for each term."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from .._core.errors import invalid

Numbers = float | list[float] | None


def positive_number(name: str, value: Any) -> float:
    """The value as a float.

    Raises:
        ValueError: when it is not a positive finite number.
    """
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not (math.isfinite(number) and number > 0):
        raise invalid(f"`{name}` must be a positive finite number", received=value)
    return number


def numbers(name: str, given: float | Sequence[float] | None, *, positive: bool = True, fix: str = "") -> Numbers:
    """One number for all terms, or a list with one for each, as plain floats; None stays None.

    Raises:
        ValueError: when an entry is not finite, or not positive where it must be.
    """
    if given is None:
        return None
    try:
        values = [float(value) for value in np.atleast_1d(np.asarray(given, "float64"))]
    except (TypeError, ValueError):
        values = []
    if not values or not all(math.isfinite(value) and (value > 0 or not positive) for value in values):
        raise invalid(f"`{name}` must be {'positive ' if positive else ''}finite numbers", received=given, fix=fix)
    return values if np.ndim(given) else values[0]


def for_terms(name: str, given: Numbers, num_terms: int, default: float) -> list[float]:
    """One number for each of so many terms.

    Raises:
        ValueError: when a list has another length.
    """
    if isinstance(given, list):
        if len(given) != num_terms:
            raise invalid(f"`{name}` must hold one number for each of the {num_terms} balanced terms", received=given)
        return given
    return [default if given is None else given] * num_terms
