"""The user's own mask of labels."""

from __future__ import annotations

from .._core.errors import invalid
from .._core.typing import Array
from ._arrays import as_bool, module_of
from ._labels import Labels


def given(labels: Labels) -> Array | None:
    """The user's mask in at most the labels' rank; raises where it would be stretched over other axes than it has.

    Each of its axes is whole or 1 long; one axis of length 1 may be too many at the end.
    """
    if labels.given is None:
        return None
    mask, shape = labels.given, tuple(labels.values.shape)
    mask = as_bool(mask)
    if len(mask.shape) == len(shape) + 1 and mask.shape[-1] == 1:
        mask = module_of(mask).squeeze(mask, -1)
    pairs = list(zip(mask.shape, shape, strict=False))
    if len(mask.shape) > len(shape) or any(a not in (1, None, b) and b is not None for a, b in pairs):
        raise invalid(
            f"The mask of term {labels.term!r} must have the leading axes of its target, of shape {shape}",
            received=f"a mask of shape {tuple(mask.shape)}",
            fix="Give one value per sample, or one for each entry of the target.",
        )
    return mask
