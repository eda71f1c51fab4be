"""What the user's own functions give back: numbers, or an error that names the term."""

from __future__ import annotations

from typing import Any

from .._core.errors import invalid
from .._core.linalg import to_float
from .._core.typing import Array


def as_values(name: str, given: Any) -> Array:
    """The values that a function gave, as a tensor in float32 or better.

    Args:
        name: the term's name.
        given: what the function returned.

    Raises:
        ValueError: for what is no array of numbers.
    """
    try:
        # A tuple or list of tensors would be stacked, silently; TensorFlow makes tensors of strings.
        values = None if given is None or isinstance(given, tuple | list | dict | str) else to_float(given)
    except Exception:
        values = None
    if values is None:
        raise invalid(
            f"The function of term {name!r} must return numbers: a scalar, or one value per sample or entry",
            received=type(given).__name__,
            fix="Did it end without `return`?" if given is None else "",
        )
    return values
