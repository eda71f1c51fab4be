"""A loss as the code that a person would paste."""

from __future__ import annotations

import inspect
from typing import Any

import keras

from .. import losses
from .._core.configured import code, parameters
from .._core.wording import quoted
from ..losses import get as find_loss
from ..terms import BY_SHAPE

_OF_FORM = {
    "binary": "binary_crossentropy",
    "one_hot": "categorical_crossentropy",
    "sparse": "sparse_categorical_crossentropy",
}


def loss_code(identifier: Any) -> str:
    """The loss of a term as Python: its name in quotes, the call that makes the object, or a function's own name."""
    if isinstance(identifier, str):
        return quoted(identifier)
    if isinstance(identifier, keras.losses.Loss):
        return _place(type(identifier)) + code(identifier)
    return getattr(identifier, "__name__", type(identifier).__name__)


def loss_of_logits(identifier: Any, form: str) -> str:
    """The same loss told that it gets logits; empty where it cannot be told.

    Args:
        identifier: the loss of a term.
        form: what a cross-entropy that goes by the shapes is here: `"binary"`, `"one_hot"` or `"sparse"`.
    """
    if isinstance(identifier, str) and identifier.lower() in BY_SHAPE:
        identifier = _OF_FORM[form]
    loss = find_loss(identifier)
    if not isinstance(loss, keras.losses.Loss):
        # Keras's names stand for functions; what takes arguments is the class of the same name.
        words = getattr(loss, "__name__", "")
        cls = getattr(keras.losses, words.title().replace("_", ""), None)
        if getattr(keras.losses, words, None) is not loss or not inspect.isclass(cls):
            return ""
        loss = cls()
    cls = type(loss)
    return _place(cls) + code(loss, from_logits=True) if "from_logits" in parameters(cls) else ""


def _place(cls: type) -> str:
    """The module that a class is imported from, as this documentation does; nothing for the user's own."""
    for module, prefix in ((losses, "ml.losses."), (keras.losses, "keras.losses.")):
        if getattr(module, cls.__name__, None) is cls:
            return prefix
    return ""
