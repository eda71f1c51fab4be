"""Patterns on layers: which variables belong to the layers that a pattern names."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from .errors import invalid


def _ancestry(path: str) -> list[str]:
    """Names and paths of the layers above a variable: `a/b/kernel` gives `a`, `b`, `a/b`."""
    parts = path.split("/")[:-1]
    return [*parts, *("/".join(parts[:end]) for end in range(2, len(parts) + 1))]


def matches(pattern: str, variable: Any) -> bool:
    """Whether the pattern fully matches the name or path of the variable's layer, or of a layer around it."""
    return matches_any(pattern, _ancestry(variable.path))


def matches_any(pattern: str, names: Iterable[str]) -> bool:
    """Whether the pattern fully matches one of the names."""
    try:
        return any(re.fullmatch(pattern, name) for name in names)
    except re.error as error:
        raise invalid("A layer pattern must be a regular expression", received=pattern, fix=str(error)) from error


def layer_names(variables: Iterable[Any]) -> list[str]:
    """The paths of the layers that own the variables, in order."""
    return list(dict.fromkeys("/".join(variable.path.split("/")[:-1]) for variable in variables))
