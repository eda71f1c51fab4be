"""Loss of angles, hours, phases: quantities that come round again."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from keras import ops

from .._core.errors import invalid
from .._core.registry import register
from .._core.typing import Array
from ._base import SampleLoss, mean_of_entries, require_same_shape

KINDS = ("cosine", "von_mises")


@register(
    "circular",
    expects="angles",
    paper="Mardia and Jupp, Directional Statistics, 2000",
    cases=(
        {},
        {"period": 360.0},
        {"kind": "von_mises", "concentration": 4.0},
        {"kind": "von_mises", "concentration": None},
    ),
)
class Circular(SampleLoss):
    """Loss of a periodic quantity: whole turns do not count.

    l = 1 - cos(d), with d = 2 pi (t - p) / period, computed as 2 sin(d / 2)^2, which keeps its digits at small d.
    `kind="von_mises"` is the negative log-likelihood per radian, k (1 - cos d) + log(2 pi exp(-k) I0(k)), in nats.

    Needs targets and predictions of shape `(batch, columns)` or `(batch, ...)`; costs a sine for each entry.

    Args:
        period: one turn in the units of the targets: 2 pi for radians (default), 360 for degrees, 24 for hours.
        kind: `"cosine"` or `"von_mises"`.
        concentration: k of the von Mises distribution, > 0. None: the model predicts it; the last axis of `y_pred`
            then holds the d angles and after them d values of log k.
        reduction: as in Keras.
        name: the loss's name.
        dtype: as in Keras.

    Returns:
        Values of shape `(batch, ...)`, the mean over the last axis; `(batch,)` stays as it is.

    Raises:
        ValueError: for a period or concentration that is not positive, an unknown `kind`, or shapes that differ.

    Example:
        >>> import numpy as np
        >>> import multiloss as ml
        >>> loss = ml.losses.Circular(period=24)
        >>> float(loss(np.array([[23.5]]), np.array([[-0.5]]))) < 1e-12
        True
        >>> round(float(loss(np.array([[6.0]]), np.array([[18.0]]))), 4)
        2.0

    Reference: Mardia and Jupp, Directional Statistics, Wiley 2000.
    """

    def __init__(
        self,
        period: float = 2 * math.pi,
        kind: str = "cosine",
        *,
        concentration: float | None = 1.0,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        if not period > 0:
            raise invalid("`period` must be > 0", received=period, fix="Use 360 for degrees, 24 for hours.")
        if kind not in KINDS:
            raise invalid(f"`kind` must be one of {list(KINDS)}", received=kind)
        if concentration is not None and not concentration > 0:
            raise invalid("`concentration` must be > 0, or None where the model predicts it", received=concentration)
        self.period = period
        self.kind = kind
        self.concentration = concentration

    @property
    def _predicts_concentration(self) -> bool:
        return self.kind == "von_mises" and self.concentration is None

    def align(self, y_true: Array, y_pred: Array) -> tuple[Array, Array]:
        """As for every loss; a predicted concentration takes half of the last axis of the predictions."""
        if not self._predicts_concentration:
            return super().align(y_true, y_pred)
        if len(y_true.shape) + 1 == len(y_pred.shape):
            y_true = ops.expand_dims(y_true, -1)
        require_same_shape(self.name, y_true, y_pred[..., : y_pred.shape[-1] // 2])
        return y_true, y_pred

    def values(self, y_true: Array, y_pred: Array) -> Array:
        """The mean over the last axis, shape `(batch, ...)`."""
        if self._predicts_concentration:
            columns = y_pred.shape[-1] // 2
            one_minus_cos = self._one_minus_cos(y_true, y_pred[..., :columns])
            concentration = ops.exp(ops.clip(y_pred[..., columns:], -20.0, 20.0))
            return mean_of_entries(concentration * one_minus_cos + log_normalizer(concentration))
        losses = self._one_minus_cos(y_true, y_pred)
        if self.kind == "von_mises":
            concentration = ops.convert_to_tensor(np.asarray(self.concentration), dtype=y_pred.dtype)
            losses = concentration * losses + log_normalizer(concentration)
        return mean_of_entries(losses)

    def _one_minus_cos(self, y_true: Array, y_pred: Array) -> Array:
        return 2 * ops.square(ops.sin((y_true - y_pred) * (math.pi / self.period)))

    def example_inputs(self) -> tuple[np.ndarray, np.ndarray]:
        """Four samples of two angles."""
        rng = np.random.default_rng(0)
        y_true = rng.uniform(0, self.period, (4, 2)).astype("float32")
        y_pred = rng.uniform(0, self.period, (4, 2)).astype("float32")
        if self._predicts_concentration:
            y_pred = np.concatenate([y_pred, rng.normal(size=(4, 2)).astype("float32")], axis=-1)
        return y_true, y_pred


def log_normalizer(concentration: Array) -> Array:
    """log(2 pi exp(-k) I0(k)), with I0 the modified Bessel function, to 2e-7 (Abramowitz and Stegun 9.8.1, 9.8.2)."""
    small = ops.clip(concentration, 0.0, 3.75)
    square = ops.square(small / 3.75)
    series = _polynomial(square, (1.0, 3.5156229, 3.0899424, 1.2067492, 0.2659732, 0.0360768, 0.0045813))
    large = ops.where(concentration < 3.75, 3.75 * ops.ones_like(concentration), concentration)
    inverse = 3.75 / large
    tail = _polynomial(
        inverse,
        (
            0.39894228,
            0.01328592,
            0.00225319,
            -0.00157565,
            0.00916281,
            -0.02057706,
            0.02635537,
            -0.01647633,
            0.00392377,
        ),
    )
    log_scaled = ops.where(concentration < 3.75, ops.log(series) - small, ops.log(tail) - 0.5 * ops.log(large))
    return math.log(2 * math.pi) + log_scaled


def _polynomial(x: Array, coefficients: tuple[float, ...]) -> Array:
    total = ops.zeros_like(x)
    for coefficient in reversed(coefficients):
        total = total * x + coefficient
    return total
