"""Uncertainty weighting: a learned log-variance for each term."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from .._core.errors import invalid
from .._core.linalg import filled
from .._core.registry import register
from .._core.typing import Array
from ._learned_variance import LearnedVariance

_FACTORS = {"regression": 0.5, "classification": 1.0}


@register(
    "uncertainty",
    aliases=("uw",),
    paper="arXiv:1705.07115",
    properties=("non_negative", "deterministic"),
    cases=({}, {"kind": "classification"}, {"kind": ["regression", "classification"]}),
)
class Uncertainty(LearnedVariance):
    """Learns the log-variance s_i of each term: noisy or large losses weigh less.

    Minimises sum_i c_i exp(-s_i) L_i + 0.5 s_i over the model and over s, with c_i = 0.5 for regression and 1 for
    classification. The weight is the derivative by the loss, w_i = c_i exp(-s_i); at rest it is 1 / (2 L_i), so that
    the method is a smoothed sum of log-losses. The penalised sum is logged as `objective`; it may well be negative.

    The balancer steps s itself, away from the user's optimizer and its weight decay:
    s_i <- s_i - learning_rate (0.5 - c_i exp(-s_i) L_i), the slope clipped to [-5, 0.5]. So s falls by at most
    learning_rate / 2 a step whatever the size of the losses: with the default 0.05, a loss that is 100 times too small
    is caught up with in about 200 steps, one that is 1000 times too large in about 50; near rest s averages the last
    40 steps.

    Needs the losses, which must not be negative: a negative loss drives s to its lower bound. One backward pass.

    Args:
        kind: `"regression"` (default), `"classification"`, or a sequence of K of them in the order of the terms. It
            matters under `normalize="none"`, and until s has settled.
        learning_rate: the step on s.
        clamp: s stays in [-clamp, clamp], so that a loss that reaches 0 does not take an infinite weight.
        normalize: `"sum_to_k"` (default), or `"none"` for the published weights.

    Raises:
        ValueError: for an unknown kind, or a learning rate or clamp that is not positive; when K kinds meet another
            number of terms.

    Example:
        >>> import numpy as np
        >>> from multiloss import Signals
        >>> from multiloss.weighting import Uncertainty
        >>> balancer = Uncertainty(normalize="none")
        >>> signals = Signals(losses=np.array([1.0, 0.01], "float32"), present=np.array([True, True]))
        >>> state = balancer.init(2)
        >>> for _ in range(400):
        ...     weights, state = balancer.weights(signals, state)
        >>> [round(float(weight), 1) for weight in weights]
        [0.5, 49.8]

    Differs from the official code: s is stepped here and not by the user's optimizer, and is clamped; s and the weights
    of a step are those before the update.

    Reference: Kendall, Gal and Cipolla, "Multi-task learning using uncertainty to weigh losses for scene geometry and
    semantics", CVPR 2018, arXiv:1705.07115.
    """

    steepest: ClassVar[float] = 0.5

    def __init__(
        self,
        kind: str | Sequence[str] = "regression",
        learning_rate: float = 0.05,
        *,
        clamp: float = 10.0,
        normalize: str = "sum_to_k",
    ):
        super().__init__(learning_rate, clamp, normalize=normalize)
        self.kind = _checked(kind)

    def factors(self, num_terms: int) -> list[float]:
        """0.5 for regression, 1 for classification."""
        kinds = [self.kind] * num_terms if isinstance(self.kind, str) else self.kind
        if len(kinds) != num_terms:
            raise invalid(f"`kind` must hold one entry for each of the {num_terms} balanced terms", received=self.kind)
        return [_FACTORS[kind] for kind in kinds]

    def penalty(self, s: Array) -> tuple[Array, Array]:
        """0.5 s."""
        return 0.5 * s, filled(s, 0.5)


def _checked(kind: str | Sequence[str]) -> str | list[str]:
    kinds = [kind] if isinstance(kind, str) else list(kind) if isinstance(kind, Sequence) else []
    if not kinds or not all(isinstance(entry, str) and entry in _FACTORS for entry in kinds):
        raise invalid(f"`kind` must be one of {list(_FACTORS)}, or a sequence of them", received=kind)
    return kind if isinstance(kind, str) else kinds
