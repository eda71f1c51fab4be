"""What stands in the place of labels that do not count, and of the predictions there."""

from __future__ import annotations

from .._core.typing import Array
from ._arrays import module_of
from ._shapes import spread


def safe_target(y_true: Array, mask: Array) -> Array:
    """The target with 0 where no label counts, set before the loss: 0 times NaN is NaN."""
    module = module_of(y_true, mask)
    return module.where(spread(mask, len(y_true.shape)), y_true, module.zeros_like(y_true))


def safe_prediction(y_pred: Array, mask: Array) -> Array:
    """The prediction with a constant where no label counts, so that no gradient can come from there."""
    module = module_of(y_pred, mask)
    return module.where(spread(mask, len(y_pred.shape)), y_pred, 0.5 * module.ones_like(y_pred))
