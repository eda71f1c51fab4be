"""Padding: the steps of a sequence that Keras's mask leaves out."""

from __future__ import annotations

from .._core.typing import Array
from ._arrays import as_bool
from ._labels import Labels


def unpadded(labels: Labels) -> Array | None:
    """True where a sequence has a step."""
    return None if labels.padding is None else as_bool(labels.padding)
