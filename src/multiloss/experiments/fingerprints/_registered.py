"""The functions and classes of the user's that a text may stand for, as in `loss="my_loss"` or `activation="mine"`."""

from __future__ import annotations

from typing import Any

import keras

from ..._core.registry import members
from ._origin import is_library

_FAMILIES = ("balancer", "scale", "schedule", "loss")


def registered() -> dict[str, Any]:
    """Name to what Keras or multiloss makes of it, without what belongs to a library."""
    found: dict[str, Any] = {}
    for key, value in keras.saving.get_custom_objects().items():
        if not is_library(getattr(value, "__module__", None)):
            found |= dict.fromkeys((key, key.rpartition(">")[-1], getattr(value, "__name__", key)), value)
    for entry in (each for family in _FAMILIES for each in members(family)):
        if not is_library(entry.cls.__module__):
            found |= dict.fromkeys((entry.name, *entry.aliases, entry.cls.__name__), entry.cls)
    return found
