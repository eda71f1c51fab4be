"""The labels of one term, with all that is said of which of them count."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .._core.typing import Array


@dataclass(frozen=True)
class Labels:
    """What the masking rules read.

    Attributes:
        term: the term's name, for errors.
        values: the labels, shape `(batch, ...)`.
        missing: None, `"nan"`, or the value that stands for a missing label.
        given: the user's mask, true (non-zero) where labels count; None without one.
        padding: Keras's mask of the output, true where a sequence has a step; None for outputs without padding.
    """

    term: str
    values: Array
    missing: Any = None
    given: Array | None = None
    padding: Array | None = None
