"""Turns whatever names a loss into a function that gives values per sample or per entry."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import ops

from .._core.configured import given_name
from .._core.errors import invalid
from .._core.typing import Array
from ..losses import get as find_loss
from ._form import form_by_shape

BY_SHAPE = ("crossentropy", "ce")
"""Names of the cross-entropy that goes by the shapes of target and prediction."""


class LossFunction:
    """A loss as a function of targets and predictions, without reduction over the batch.

    Attributes:
        identifier: what the user gave.
        name: for errors and tables.
        reduction: what the loss object itself asks for, in Keras's word; `"mean"` for functions.
        entrywise: the loss is a mean over the last axis of one loss per entry, so that single entries can be masked.
    """

    def __init__(self, identifier: Any):
        self.identifier = identifier
        self._function = _function(identifier)
        owner = getattr(self._function, "__self__", self._function)
        _refuse_variables(owner)
        self.name = identifier if isinstance(identifier, str) else given_name(owner) or _name(owner)
        self.reduction = str(getattr(owner, "reduction", "mean")).lower()
        self.entrywise = self._probe_entrywise()

    def __call__(self, y_true: Array, y_pred: Array) -> Array:
        """Loss values, shape `(batch, ...)`, or a scalar for losses that only know the whole batch."""
        return self._function(y_true, y_pred)

    def _probe_entrywise(self) -> bool:
        # Whether single entries can be masked is a property of the formula that no interface declares; so ask it:
        # an entrywise loss gives, entry by entry, values whose mean over the last axis is the loss itself.
        generator = np.random.default_rng(0)
        y_true, y_pred = generator.uniform(0.1, 0.9, (2, 4, 3)).astype("float32")
        try:
            whole = ops.convert_to_numpy(self(ops.convert_to_tensor(y_true), ops.convert_to_tensor(y_pred)))
            entries = ops.convert_to_numpy(
                self(ops.convert_to_tensor(y_true[..., None]), ops.convert_to_tensor(y_pred[..., None]))
            )
        except Exception:  # a loss that does not take such shapes is not entrywise
            return False
        if whole.shape == y_true.shape:
            return True
        return whole.shape == (4,) and entries.shape == (4, 3) and np.allclose(entries.mean(-1), whole, atol=1e-5)


def _function(identifier: Any) -> Callable[[Array, Array], Array]:
    if isinstance(identifier, str) and identifier.lower() in BY_SHAPE:
        return _crossentropy_by_shape
    loss = find_loss(identifier)
    if isinstance(loss, keras.losses.Loss):
        return loss.call
    return loss


def _crossentropy_by_shape(y_true: Array, y_pred: Array) -> Array:
    return getattr(keras.losses, f"{form_by_shape(y_true, y_pred)}_crossentropy")(y_true, y_pred)


def _refuse_variables(loss: Any) -> None:
    held = [key for key, value in getattr(loss, "__dict__", {}).items() if isinstance(value, keras.Variable)]
    if held:
        raise invalid(
            f"Loss {_name(loss)!r} holds variables, which no backend would train or save",
            received=f"attributes {held}",
            fix="Put them into a layer of the model, or learn weights with balancer='uncertainty'.",
        )


def _name(loss: Any) -> str:
    return getattr(loss, "__name__", type(loss).__name__)
