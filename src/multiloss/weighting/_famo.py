"""FAMO: fast adaptive multitask optimisation, equal rates of improvement from one gradient."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from keras import ops

from .._core.balancer import Balancer, Needs, Signals
from .._core.errors import invalid
from .._core.linalg import filled, to_float
from .._core.memory import recall, remember
from .._core.registry import register
from .._core.typing import Array, State, Weights
from ._present import LARGEST_RATIO, SMALLEST, complete, softmax

LOOKS = ("same_batch", "next_batch")

# Adam's decays and guard, as published; the slopes that it divides are free of units.
MOMENTUM, SQUARES, GUARD = 0.9, 0.999, 1e-8

# Relative to the loss and its minimum: a smaller difference of the two is rounding.
ROUNDING = 1e-6


@register(
    "famo",
    paper="arXiv:2306.03792",
    properties=("non_negative", "permutation_equivariant", "scale_invariant", "term_scale_invariant", "deterministic"),
    cases=({}, {"look": "next_batch"}),
)
class FAMO(Balancer):
    """Weighs the terms so that their log-losses fall at the same rate, at the cost of one more look at the losses.

    z = softmax(xi) and D_i = L_i - b_i; w_i = c z_i / D_i with c = 1 / sum_j (z_j / D_j): the gradient of
    c sum_i z_i log D_i. After the update, delta_i = log D_i(before) - log D_i(after) says how much each term improved,
    and xi follows -z_i (delta_i - sum_j z_j delta_j) by Adam: terms that improved less than the others gain weight.

    `look="same_batch"` (default, as published) computes the losses of the same batch again at the updated weights: one
    more forward pass. `look="next_batch"` takes the losses of the next batch before its update instead, for nothing;
    the difference of the two batches is then noise in delta.

    The logits of terms that are absent in either look do not move, and z is taken over the present terms. A loss that
    is not above its minimum by more than rounding has no logarithm: it gets the mean weight and does not move. A loss
    that falls to nearly nothing takes nearly all the weight; a `minimum` a little below 0 bounds that.

    Needs positive losses, whose units do not matter while `minimum` is 0. One backward pass, and one more forward pass
    for the exact form.

    Args:
        look: `"same_batch"` or `"next_batch"`.
        learning_rate: of Adam on xi.
        weight_decay: gamma, added as gamma xi to the slope before Adam (L2, not decoupled), as published.
        minimum: b, the least value that a loss can take, in the units of the scaled loss: one number, or K of them.
        normalize: `"sum_to_k"` (default), or `"none"` for the published weights, which sum to 1.

    Raises:
        ValueError: for an unknown `look`, a number outside its range, or K minima that meet another number of terms.

    Example:
        >>> import numpy as np
        >>> from multiloss import Signals
        >>> from multiloss.weighting import FAMO
        >>> balancer = FAMO(look="next_batch")
        >>> state = balancer.init(2)
        >>> for losses in ([4.0, 1.0], [2.0, 1.0]):
        ...     weights, state = balancer.weights(Signals(np.array(losses), np.array([True, True])), state)
        >>> [round(float(weight), 3) for weight in weights]
        [0.645, 1.355]

    Differs from the official code: no 1e-8 is added to the losses, so that their units do not matter; the gradient is
    not clipped to length 1 (give the optimizer a `clipnorm`); absent terms rest. The weight decay is 0.01 in the
    authors' class and 1e-5 in their later experiments; others take the 0.001 of this default.

    Reference: Liu, Feng, Stone and Liu, "FAMO: fast adaptive multitask optimization", NeurIPS 2023, arXiv:2306.03792.
    """

    needs: ClassVar[Needs] = Needs.LOSSES

    def __init__(
        self,
        look: str = "same_batch",
        learning_rate: float = 0.025,
        *,
        weight_decay: float = 0.001,
        minimum: float | Sequence[float] = 0.0,
        normalize: str = "sum_to_k",
    ):
        super().__init__(normalize)
        if look not in LOOKS:
            raise invalid(f"`look` must be one of {list(LOOKS)}", received=look)
        if not (math.isfinite(learning_rate) and learning_rate > 0):
            raise invalid("`learning_rate` must be a positive finite number", received=learning_rate)
        if not (math.isfinite(weight_decay) and weight_decay >= 0):
            raise invalid("`weight_decay` must be a finite number, at least 0", received=weight_decay)
        minima = np.asarray(minimum, "float64")
        if minima.ndim > 1 or minima.size == 0 or not np.isfinite(minima).all():
            raise invalid("`minimum` must be a finite number, or one for each term", received=minimum)
        self.look = look
        self.learning_rate = float(learning_rate)
        self.weight_decay = float(weight_decay)
        self.minimum = minima.tolist()

    @property
    def reads_after_update(self) -> bool:
        """Whether the form is the exact one."""
        return self.look == "same_batch"

    def init(self, num_terms: int) -> State:
        """The logits with Adam's moments and counts, the last distances D, and which step they are of."""
        if isinstance(self.minimum, list) and len(self.minimum) != num_terms:
            raise invalid(
                f"`minimum` must hold one number for each of the {num_terms} balanced terms", received=self.minimum
            )
        return {
            "logits": np.zeros(num_terms, "float32"),
            "momentum": np.zeros(num_terms, "float32"),
            "squares": np.zeros(num_terms, "float32"),
            "updates": np.zeros(num_terms, "int32"),
            "distance": np.ones(num_terms, "float32"),
            "seen_in": np.zeros(num_terms, "int32"),
            "step": np.zeros((), "int32"),
        }

    def raw_weights(self, signals: Signals, state: State) -> tuple[Weights, State]:
        """c z / D; the cheap form first moves the logits by what changed since the last step."""
        distance, usable = self._distances(signals)
        present = ops.convert_to_tensor(signals.present)
        memory = recall(state, distance.dtype)
        if not self.reads_after_update:
            memory = self._moved(memory, distance, usable)
        # z_i / D_i over its sum is a softmax too, in which nothing overflows.
        shares = complete(softmax(memory["logits"] - ops.log(distance), usable), usable, present)
        step = memory["step"] + 1
        memory = {
            **memory,
            "distance": ops.where(usable, distance, memory["distance"]),
            "seen_in": ops.where(usable, step, memory["seen_in"]),
            "step": step,
        }
        return shares, remember(memory, state)

    def after_update(self, signals: Signals, state: State) -> State:
        """The logits after the same batch was seen again; the cheap form has nothing to look for."""
        if not self.reads_after_update:
            return state
        distance, usable = self._distances(signals)
        return remember(self._moved(recall(state, distance.dtype), distance, usable), state)

    def _moved(self, memory: State, distance: Array, usable: Array) -> State:
        """One step of Adam on the logits of the terms that were seen in the last step and are seen now."""
        both = ops.logical_and(usable, ops.logical_and(memory["step"] > 0, memory["seen_in"] == memory["step"]))
        # The log of the ratio: the difference of two logs would lose the digits of a small improvement.
        quotient = ops.clip(memory["distance"] / distance, SMALLEST, 1.0 / SMALLEST)
        improvement = ops.where(both, ops.log(quotient), ops.zeros_like(quotient))
        # The Jacobian of the softmax, diag(z) - z z', takes a common part away: without it first, nothing is rounded.
        improvement = improvement - ops.max(ops.where(both, improvement, filled(improvement, -LARGEST_RATIO)))
        z = softmax(memory["logits"], both)
        slope = z * (improvement - ops.sum(z * improvement)) + self.weight_decay * memory["logits"]
        momentum = MOMENTUM * memory["momentum"] + (1.0 - MOMENTUM) * slope
        squares = SQUARES * memory["squares"] + (1.0 - SQUARES) * slope * slope
        updates = memory["updates"] + 1
        taken = ops.cast(updates, distance.dtype)
        length = ops.sqrt(squares / _debiasing(SQUARES, taken)) + GUARD
        logits = memory["logits"] - self.learning_rate * momentum / _debiasing(MOMENTUM, taken) / length
        after = {"logits": logits, "momentum": momentum, "squares": squares, "updates": updates}
        return {**memory, **{name: ops.where(both, value, memory[name]) for name, value in after.items()}}

    def _distances(self, signals: Signals) -> tuple[Array, Array]:
        """D, 1 where it has no logarithm, and which terms are present and have one."""
        losses = to_float(signals.losses)
        minimum = ops.convert_to_tensor(self.minimum, dtype=losses.dtype)
        above = losses - minimum
        least = ROUNDING * ops.abs(minimum) + SMALLEST
        usable = ops.logical_and(signals.present, above >= least)
        return ops.where(usable, above, ops.ones_like(above)), usable


def _debiasing(decay: float, taken: Array) -> Array:
    """1 - decay^taken, without the digits that float32 loses where that is small."""
    return -ops.expm1(math.log(decay) * taken)
