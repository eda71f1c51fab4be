"""Targets together with sample weights of another structure, as one structure that Keras carries to the step.

Keras wants the weights of arrays in the structure of `y`, gives one array to every entry of `y`, and drops weights
without `y`. A weight may be named by output, target or term all the same: it travels beside the targets.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

TARGETS, WEIGHTS = "multiloss>y", "multiloss>sample_weight"
_NESTED = (Mapping, list, tuple)


def packed(y: Any, sample_weight: Any) -> tuple[Any, Any]:
    """`y` and `sample_weight` as Keras shall have them.

    Args:
        y: targets in any structure; None without any.
        sample_weight: weights in any structure.
    """
    simple = y is not None and not isinstance(y, _NESTED) and not isinstance(sample_weight, _NESTED)
    if sample_weight is None or simple:
        return y, sample_weight
    both = {TARGETS: y, WEIGHTS: sample_weight}
    return {key: value for key, value in both.items() if value is not None}, None


def unpacked(y: Any, sample_weight: Any) -> tuple[Any, Any]:
    """What `packed` was given; anything else as it is."""
    if isinstance(y, Mapping) and WEIGHTS in y:
        return y.get(TARGETS), y[WEIGHTS]
    return y, sample_weight
