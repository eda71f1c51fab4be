"""What a term's loss expects of its targets and predictions, as far as its name tells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..losses import get as find_loss
from ..terms import BY_SHAPE, Term, form_by_shape

# By the names of Keras's and multiloss's losses, in small letters without signs. A loss that stands nowhere is not
# judged: nothing is known of it.
_FAMILIES = {
    "sparse": ("sparsecategoricalcrossentropy", "categoricalgeneralizedcrossentropy"),
    "one_hot": ("categoricalcrossentropy", "categoricalfocalcrossentropy"),
    "classes": ("categoricalfocal",),
    "binary": ("binarycrossentropy", "binaryfocalcrossentropy", "binaryfocal"),
    "overlap": ("dice", "tversky", "focaltversky"),
    "squared": ("meansquarederror", "scaledmse"),
    "absolute": ("meanabsoluteerror", "huber", "logcosh", "wing", "quantile"),
}
_FAMILY_OF = {name: family for family, names in _FAMILIES.items() for name in names}
_BY_FORM = {"binary": "binary", "categorical": "one_hot", "sparse_categorical": "sparse"}


@dataclass(frozen=True)
class LossKind:
    """What a loss expects.

    Attributes:
        name: as the user knows it.
        family: `"sparse"` (class numbers), `"one_hot"`, `"classes"` (either of them), `"binary"` (0 or 1 an entry),
            `"overlap"` (masks), `"squared"` or `"absolute"` (numbers), or `""` where nothing is known.
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
        return self.of_classes or self.family in ("binary", "overlap")

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
    loss = find_loss(identifier)
    owner = getattr(loss, "__self__", loss)
    name = getattr(owner, "__name__", type(owner).__name__)
    family = _FAMILY_OF.get("".join(letter for letter in name.lower() if letter.isalnum()), "")
    return LossKind(term.function.name, family, bool(getattr(owner, "from_logits", False)))
