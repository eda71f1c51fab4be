"""Arguments that are declared as a number or as a flag are one: "0.5" and None are refused by name."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from numbers import Real
from typing import Any

import numpy as np

from .errors import invalid

_FLAG = ("bool", bool)
_NUMBER = ("float", "int", float, int)
_NUMBER_OR_NONE = ("float | None", "int | None", float | None, int | None)

_ALL = (*_FLAG, *_NUMBER, *_NUMBER_OR_NONE)


def with_checked_kinds(init: Callable[..., None]) -> Callable[..., None]:
    """An `__init__` that looks at the arguments declared as a number or a flag before it does anything."""
    places = list(inspect.signature(init).parameters.values())[1:]
    declared = {each.name: each.annotation for each in places if each.annotation in _ALL}
    if not declared:
        return init

    @functools.wraps(init)
    def checked(self: Any, *args: Any, **kwargs: Any) -> None:
        given = {**{each.name: value for each, value in zip(places, args, strict=False)}, **kwargs}
        for name, kind in declared.items():
            if name in given:
                _check(name, given[name], kind)
        init(self, *args, **kwargs)

    return checked


def check_flag(name: str, value: Any) -> None:
    """Raises for what is neither True nor False: the word "no" would count as true."""
    if not isinstance(value, bool):
        raise invalid(f"`{name}` must be True or False", received=repr(value))


def _check(name: str, value: Any, kind: Any) -> None:
    is_flag = isinstance(value, bool | np.bool_)
    if kind in _FLAG:
        check_flag(name, bool(value) if is_flag else value)
    if kind in _FLAG or (kind in _NUMBER_OR_NONE and value is None):
        return
    if is_flag or not isinstance(value, Real) or value != value:
        raise invalid(f"`{name}` must be a number", received=repr(value))
