"""The norms that penalties know by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from keras import ops

from .._core.errors import unknown_name
from .._core.typing import Array

NORMS: dict[str, Callable[[Array], Array]] = {"l1": ops.abs, "l2": ops.square}


def entry_function(norm: Any) -> Callable[[Array], Array] | None:
    """The function of one entry that a norm's name stands for; None for a callable of the user's."""
    if callable(norm):
        return None
    if norm not in NORMS:
        raise unknown_name("norm", norm, NORMS, "Or pass a function of a tensor.")
    return NORMS[norm]
