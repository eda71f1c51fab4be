"""Several losses as one: a combined loss with a config."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
from keras import ops

from .._core.classes import number_of_classes
from .._core.configured import Configured
from .._core.errors import invalid, unknown_name
from .._core.keras_losses import LOSS_WRAPPER
from .._core.keras_masks import keras_mask
from .._core.linalg import to_float
from .._core.plain_data import plain
from .._core.registry import register
from .._core.typing import Array
from ._lookup import LossLike, get
from ._numerics import mean_per_sample

MEANS = ("sum_over_batch_size", "mean", "none", None)


@register(
    "weighted_sum",
    expects="parts",
    cases=(
        {"losses": {"cross_entropy": "binary_crossentropy", "dice": "soft_dice"}, "weights": {"dice": 0.5}},
        {"losses": {"squared": "mse", "absolute": "mae"}},
    ),
)
class WeightedSum(Configured, keras.losses.Loss):
    """A weighted sum of losses on the same targets and predictions, as one loss that is saved with its parts.

    l = sum_i w_i l_i, each l_i averaged over all axes but the batch, so that it has one value for each sample.

    Needs what its parts need; costs their sum. In `ml.compile`, a dict of losses under an output does the same, logs
    each part and lets a balancer weigh them; this class is for plain `model.compile` and for one fixed mixture.

    Args:
        losses: name to loss: a name as in Keras or `multiloss list`, a `keras.losses.Loss`, or a registered function.
        weights: name to number; a name left out weighs 1.
        reduction: as in Keras; the parts must leave theirs at the default.
        name: the loss's name.
        dtype: as in Keras.

    Returns:
        Values of shape `(batch,)`.

    Raises:
        ValueError: for no losses, an unknown name, a weight of a loss that is not there, a part with a `reduction`
            of its own, or one that gives a single value for the whole batch.

    Example:
        >>> import numpy as np
        >>> import multiloss as ml
        >>> focal = ml.losses.CategoricalFocal(gamma=2, alpha=0.25)
        >>> loss = ml.losses.WeightedSum(
        ...     {"cross_entropy": "categorical_crossentropy", "focal": focal}, {"cross_entropy": 0.7, "focal": 0.3}
        ... )
        >>> round(float(loss(np.array([[0, 1, 0]]), np.array([[0.05, 0.9, 0.05]]))), 5)
        0.07383
    """

    def __init__(
        self,
        losses: Mapping[str, Any],
        weights: Mapping[str, float] | None = None,
        *,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: Any = None,
    ):
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self._name = name  # as given: Keras numbers the names that it makes up
        if not isinstance(losses, Mapping) or not losses:
            raise invalid("`losses` must be a dict from name to loss that is not empty", received=losses)
        for key in weights or {}:
            if key not in losses:
                raise unknown_name("loss in `weights`", key, losses)
        # Names stay names, so that the config reads as it was written.
        self.losses = {
            key: keras.saving.deserialize_keras_object(loss) if isinstance(loss, dict) else loss
            for key, loss in losses.items()
        }
        self.weights = {key: float((weights or {}).get(key, 1.0)) for key in losses}
        self._parts = {key: get(loss) for key, loss in self.losses.items()}
        self._functions = {key: _function(key, loss) for key, loss in self._parts.items()}

    def call(self, y_true: Array, y_pred: Array) -> Array:
        """One value for each sample, shape `(batch,)`."""
        y_pred = to_float(y_pred)
        y_true = ops.cast(ops.convert_to_tensor(y_true), y_pred.dtype)  # as Keras does before each loss
        if len(y_pred.shape) == 1:  # Keras's losses would average a last axis that is the batch
            y_true, y_pred = ops.reshape(y_true, (-1, 1)), ops.expand_dims(y_pred, -1)
        total: Array = 0.0
        for key, function in self._functions.items():
            values = function(y_true, y_pred)
            if len(values.shape) == 0:
                raise invalid(
                    f"Loss {key!r} in WeightedSum must give a value for each sample",
                    received="one value for the whole batch",
                    fix="Use a loss with one value per sample, such as ml.losses.Dice().",
                )
            if keras_mask(values) is not None:
                raise invalid(
                    f"Loss {key!r} in WeightedSum must count all labels, as its parts share a divisor",
                    received="a loss that leaves some out, as with ignore_class",
                    fix="Give ml.compile the losses as a dict under the output, each a term of its own.",
                )
            total = total + self.weights[key] * mean_per_sample(values)
        return total

    def number_of_classes(self, y_true: Array, y_pred: Array) -> int | None:
        """That of the first part which says one; its parts read the same targets."""
        found = (number_of_classes(part, y_true, y_pred) for part in self._parts.values())
        return next((classes for classes in found if classes is not None), None)

    def example_inputs(self) -> tuple[np.ndarray, np.ndarray]:
        """A small batch of yes-or-no targets and probabilities."""
        rng = np.random.default_rng(0)
        return rng.integers(0, 2, (3, 4, 4, 1)), rng.uniform(0.05, 0.95, (3, 4, 4, 1)).astype("float32")

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this object again; a part that cannot be saved is named."""
        losses = {key: _serialized(key, loss) for key, loss in self.losses.items()}
        return {**super().get_config(), "losses": losses}


def _function(key: str, loss: LossLike) -> LossLike:
    if not isinstance(loss, keras.losses.Loss):
        return LOSS_WRAPPER(loss).call  # which aligns the ranks
    if loss.reduction not in MEANS:
        raise invalid(
            f"Loss {key!r} in WeightedSum must leave its reduction at the default",
            received=f"reduction={loss.reduction!r}",
            fix="Give the reduction to WeightedSum.",
        )
    return loss.call


def _serialized(key: str, loss: Any) -> Any:
    if isinstance(loss, str):
        return loss
    if getattr(loss, "__name__", "") == "<lambda>":
        raise invalid(
            f"Loss {key!r} in WeightedSum is a lambda, which cannot be saved",
            received=loss,
            fix="Write a function with @keras.saving.register_keras_serializable().",
        )
    return plain(loss)
