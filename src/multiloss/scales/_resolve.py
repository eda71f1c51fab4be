"""From what a user writes in `scale=` to an object."""

from __future__ import annotations

import numbers
from typing import Any

from .._core.registry import resolve
from .._core.scale import Scale
from ._constant import Constant


def resolve_scale(identifier: Any) -> Scale:
    """Turns a number, a registered name, a serialised config, an object or None into a `Scale`.

    Args:
        identifier: None means 1, a number means `Constant`.

    Raises:
        ValueError: for a number that is not positive, a name that nobody knows, or an object of another kind.

    Example:
        >>> from multiloss.scales import resolve_scale
        >>> type(resolve_scale("running_mean")).__name__, resolve_scale(3).value
        ('RunningMean', 3.0)
    """
    if identifier is None:
        return Constant(1.0)
    if isinstance(identifier, numbers.Real):
        return Constant(identifier)
    return resolve("scale", identifier, Scale)
