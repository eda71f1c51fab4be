"""What a term's loss expects of its targets and predictions, as far as its name tells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .._core.keras_losses import argument_of
from .._core.label_form import form_by_shape
from .._core.registry import entry_of
from ..losses import get as find_loss
from ..terms import BY_SHAPE, Term

# Keras's losses by their names in small letters without signs; multiloss's say it where they are registered.
# `""` is not judged, and neither is a loss that stands nowhere: nothing is known of it.
_OF_KERAS = {
    "sparse": (
        "sparsecategoricalcrossentropy",
        "categoricalgeneralizedcrossentropy",
        "sparsecategoricalfocalcrossentropy",  # not in every release
    ),
    "one_hot": ("categoricalcrossentropy", "categoricalfocalcrossentropy"),
    "binary": ("binarycrossentropy", "binaryfocalcrossentropy"),
    "overlap": ("dice", "tversky"),
    "squared": ("meansquarederror",),
    "absolute": ("meanabsoluteerror", "huber", "logcosh"),
    "": (
        "categoricalhinge",
        "circle",
        "cosinesimilarity",
        "ctc",
        "hinge",
        "kldivergence",
        "meanabsolutepercentageerror",
        "meansquaredlogarithmicerror",
        "poisson",
        "squaredhinge",
    ),
}
_FAMILY_OF = {name: family for family, names in _OF_KERAS.items() for name in names}
_BY_FORM = {"binary": "binary", "categorical": "one_hot", "sparse_categorical": "sparse"}


@dataclass(frozen=True)
class LossKind:
    """What a loss expects.

    Attributes:
        name: as the user knows it.
        family: one of `_core.expectations`, or `""` where nothing is known.
        from_logits: the loss applies the softmax or the sigmoid itself.
    """

    name: str
    family: str
    from_logits: bool = False

    @property
    def of_classes(self) -> bool:
        """One class among several."""
        return self.family in ("sparse", "one_hot", "classes")

    @property
    def of_probabilities(self) -> bool:
        """Predictions are probabilities, or logits of them."""
        return self.of_classes or self.family in ("binary", "overlap", "distances", "grades")

    @property
    def of_numbers(self) -> bool:
        """Predictions shall come close to the targets as numbers."""
        return self.family in ("squared", "absolute")


def loss_kind(term: Term, y_true: Any, y_pred: Any) -> LossKind:
    """The kind of a term's loss.

    Args:
        term: the term.
        y_true: its targets, for a loss that goes by the shapes.
        y_pred: its predictions.
    """
    identifier = term.function.identifier
    if isinstance(identifier, str) and identifier.lower() in BY_SHAPE:
        return LossKind(identifier, _BY_FORM[form_by_shape(y_true, y_pred)])
    family, from_logits = _expected(find_loss(identifier))
    return LossKind(term.function.name, family, from_logits)


def _expected(loss: Any) -> tuple[str, bool]:
    """What a loss expects, and whether its predictions are logits."""
    owner = getattr(loss, "__self__", loss)
    entry = entry_of(type(owner))
    if entry is not None and entry.expects == "parts":
        parts = {_expected(find_loss(part)) for part in owner.losses.values()}
        return parts.pop() if len(parts) == 1 else ("", False)
    name = getattr(owner, "__name__", type(owner).__name__)
    of_keras = _FAMILY_OF.get("".join(letter for letter in name.lower() if letter.isalnum()), "")
    return of_keras if entry is None else entry.expects, bool(argument_of(owner, "from_logits"))
