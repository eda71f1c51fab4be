"""NumPy's masked arrays: whatever makes tensors of them forgets the mask, and would train on what it hides."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from ..._core.errors import invalid
from ..._core.wording import counted
from ._leaves import leaves


def refuse_masked(**arguments: Any) -> None:
    """Raises for masked arrays among the data, by their place; one in which nothing is masked may stay.

    Args:
        arguments: what the user gave, by the argument's name: arrays, structures of them, or data sets.
    """
    for argument, given in arguments.items():
        for place, leaf in leaves(argument, given):
            if isinstance(leaf, np.ma.MaskedArray) and (hidden := int(np.ma.count_masked(leaf))):
                raise invalid(
                    f"`{place}` must not be a masked array, whose mask is lost on the way to the model",
                    received=f"{counted(hidden, 'masked entry', 'masked entries')} of {leaf.size}",
                    fix=f"For missing labels write {place}.astype('float32').filled(np.nan) and "
                    "ml.Term(..., missing='nan'), or give the mask as a key of `y` and ml.Term(..., mask=...).",
                )


def unmasked(given: Any) -> Any:
    """Arrays in which nothing is masked as plain ones, which JAX does not take otherwise; anything else as it is.

    Args:
        given: an array, or a structure of them.
    """
    if not any(isinstance(leaf, np.ma.MaskedArray) for _, leaf in leaves("", given)):
        return given
    return keras.tree.map_structure(lambda leaf: leaf.data if isinstance(leaf, np.ma.MaskedArray) else leaf, given)
