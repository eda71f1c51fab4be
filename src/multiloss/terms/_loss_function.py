"""Turns whatever names a loss into a function that gives values per sample or per entry.

It goes around `keras.losses.Loss.__call__`, whose reduction is the term's, and does everything else that it does:
targets and predictions come in the loss's dtype, and a mask on the values (`ignore_class`) is handed on.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import ops

from .._core.classes import knows_classes, number_of_classes
from .._core.configured import given_name
from .._core.errors import invalid
from .._core.keras_losses import LOSS_WRAPPER, argument_of
from .._core.keras_masks import keras_mask
from .._core.label_form import form_by_shape
from .._core.linalg import to_float
from .._core.typing import Array
from ..losses import get as find_loss

BY_SHAPE = ("crossentropy", "ce")
"""Names of the cross-entropy that goes by the shapes of target and prediction."""


class LossValues(NamedTuple):
    """What a loss gives.

    Attributes:
        values: shape `(batch, ...)`, or a scalar for losses that only know the whole batch; float32 or
            better. What a user's function gave is handed on as it is where it is no tensor.
        mask: bool in the same shape: the values that count, where the loss itself leaves some out; else None.
    """

    values: Array
    mask: Array | None


class LossFunction:
    """A loss as a function of targets and predictions, without reduction over the batch.

    Attributes:
        identifier: what the user gave.
        name: for errors and tables.
        reduction: what the loss object itself asks for, in Keras's word; `"mean"` for functions.
        aligns: Keras brings targets and predictions to one rank before the formula sees them.
        entrywise: the loss is one of single entries, so that entries can be masked one by one.
        averages: where it is, it gives their mean over the last axis.
        ignored_class: the class number that the loss leaves out by itself; None for none.
    """

    def __init__(self, identifier: Any):
        self.identifier = identifier
        self._function = _function(identifier)
        owner: Any = getattr(self._function, "__self__", self._function)
        _refuse_variables(owner)
        self._owner = identifier if _goes_by_shape(identifier) else owner
        self._knows_classes = knows_classes(self._owner)
        self.name = identifier if isinstance(identifier, str) else given_name(owner) or _name(owner)
        is_object = isinstance(owner, keras.losses.Loss)
        self.ignored_class: int | None = argument_of(owner, "ignore_class")
        self.reduction = str(getattr(owner, "reduction", "mean")).lower()
        self.aligns = not is_object or type(owner).call is LOSS_WRAPPER.call
        self._dtype = owner.dtype if is_object else keras.config.floatx()
        self.entrywise, self.averages = self._probe_entrywise()

    def __call__(self, y_true: Array, y_pred: Array) -> LossValues:
        """The loss values, computed as Keras does in the dtype of the loss, though never below float32."""
        wide = "float64" in (self._dtype, keras.backend.standardize_dtype(y_pred.dtype))
        dtype = "float64" if wide else "float32"
        values = self._function(ops.cast(y_true, dtype), ops.cast(y_pred, dtype))
        if not ops.is_tensor(values):
            return LossValues(values, None)
        mask = keras_mask(values)
        return LossValues(to_float(values), None if mask is None else ops.cast(mask, "bool"))

    def number_of_classes(self, y_true: Array, y_pred: Array) -> int | None:
        """How many classes there are where the targets are class numbers; None where they are none, as far as known."""
        return number_of_classes(self._owner, y_true, y_pred) if self._knows_classes else None

    def couples_samples(self) -> bool:
        """Whether the value of one sample depends on the others, as far as small batches show."""
        generator = np.random.default_rng(0)
        y_pred = generator.uniform(0.1, 0.9, (4, 3)).astype("float32")
        changed = np.concatenate([y_pred[:3], y_pred[3:, ::-1]])
        for y_true in (np.array([0, 1, 0, 1]), generator.uniform(0.1, 0.9, (4, 3)).astype("float32")):
            try:
                before, after = self._probe(y_true, y_pred), self._probe(y_true, changed)
            except Exception:  # it does not take such shapes
                continue
            if before.shape[:1] == (4,):
                return not np.allclose(before[:3], after[:3], atol=1e-5, equal_nan=True)
        return False

    def _probe_entrywise(self) -> tuple[bool, bool]:
        # Whether single entries can be masked is a property of the formula that no interface declares; so ask it:
        # an entrywise loss gives, entry by entry, values whose mean over the last axis is the loss itself.
        generator = np.random.default_rng(0)
        y_true, y_pred = generator.uniform(0.1, 0.9, (2, 4, 3)).astype("float32")
        try:
            whole = self._probe(y_true, y_pred)
            entries = self._probe(y_true[..., None], y_pred[..., None])
        except Exception:  # a loss that does not take such shapes is not entrywise
            return False, False
        if whole.shape == y_true.shape:
            return True, False
        averages = whole.shape == (4,) and entries.shape == (4, 3) and np.allclose(entries.mean(-1), whole, atol=1e-5)
        return averages, averages

    def _probe(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        return ops.convert_to_numpy(self(ops.convert_to_tensor(y_true), ops.convert_to_tensor(y_pred)).values)


def _function(identifier: Any) -> Callable[[Array, Array], Array]:
    if _goes_by_shape(identifier):
        return _crossentropy_by_shape
    loss = find_loss(identifier)
    if not isinstance(loss, keras.losses.Loss):
        return loss
    # Where Keras overrides it itself, it leaves class numbers integers, and does the rest as always.
    if not type(loss).__call__.__module__.startswith("keras."):
        raise invalid(
            f"Loss {loss.name!r} must leave `__call__` to keras.losses.Loss, since a term reduces the values of `call`",
            received=f"{type(loss).__name__}.__call__",
            fix="Move its formula into `call(y_true, y_pred)`, or write it as ml.Joint(fn).",
        )
    return loss.call


def _goes_by_shape(identifier: Any) -> bool:
    return isinstance(identifier, str) and identifier.lower() in BY_SHAPE


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
