"""The masks that Keras hangs on tensors: on outputs of padded sequences, and on loss values (`ignore_class`).

Private to Keras, as all of `training/_keras_seams.py`, which stands above the losses that need it; the tests are there.
"""

from __future__ import annotations

from keras.src.backend.common.masking import get_keras_mask, set_keras_mask

from .typing import Array


def keras_mask(tensor: Array) -> Array | None:
    """The mask on a tensor; None for all others."""
    return get_keras_mask(tensor)


def with_mask(tensor: Array, mask: Array | None) -> Array:
    """The tensor, with the mask of the one that it was made of; None for no mask."""
    if mask is not None:
        set_keras_mask(tensor, mask)
    return tensor
