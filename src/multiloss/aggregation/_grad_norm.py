"""GradNorm: weights that are learnt, so that terms which train slowly get longer gradients."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from keras import ops

from .._core.aggregator import Aggregator
from .._core.balancer import Needs, Signals
from .._core.errors import invalid
from .._core.memory import recall, remember
from .._core.registry import register
from .._core.typing import Array, State, Weights
from ._norms import LARGEST, SMALLEST, largest_of, norms_of

# Losses that grew more than this, and targets beyond it, decide nothing more.
LARGEST_RATIO = 1e6

# A gradient as near as this to its target, relative to it, is there: the rest is rounding, and has no sign.
ROUNDING = 1e-5


@register(
    "gradnorm",
    paper="arXiv:1711.02257",
    properties=("non_negative", "permutation_equivariant", "scale_invariant", "deterministic"),
    cases=({}, {"alpha": 0.5, "learning_rate": 0.1}),
)
class GradNorm(Aggregator):
    """Learns the weights that give every term a gradient norm to match its relative rate of training.

    With n_i the norm of term i's gradient, w_i n_i is brought near to mean_j(w_j n_j) r_i^alpha, where
    r_i = (L_i / L_i(0)) / mean_j(L_j / L_j(0)): above 1 for a term that has fallen less than the others, which gets a
    longer gradient. Each step descends on sum_i |w_i n_i - target_i|, the targets held fixed. The derivative by w_i is
    sign(w_i n_i - target_i) n_i, so that no second derivative of the model is needed. Then w is held above `floor` and
    scaled to sum to K.

    The slopes are taken in units of the longest gradient: the units of the losses do not matter, and no weight moves
    by more than `learning_rate` in a step. The weights of a step are those learnt before it; the first are 1. Norms
    that differ by more than `1 / floor` cannot be levelled: give such terms a `scale=`.

    L_i(0) is the first positive loss of the term, in whichever step it is first present; its weight rests while it is
    absent. Needs positive losses; a term without a positive loss so far counts as training at the mean rate.

    Needs the gradient norms: K backward passes, or K short ones with `wrt="last_shared"`, which is the paper's choice.

    Args:
        alpha: how strongly the rates count, at least 0: 0 for equal norms, 1.5 (default) for unlike terms, 0.12 for
            symmetric ones.
        learning_rate: of the weights, apart from the model's.
        floor: the least weight before the weights are scaled, in (0, 1).
        initial_losses: None (default) for the first positive ones, or K positive numbers in the units of the scaled
            losses, such as log C for a cross-entropy of C classes, where the first batch says little.
        normalize: `"sum_to_k"` (default), over the terms present, or `"none"`, over all of them, as published.

    Raises:
        ValueError: for a number outside its range, or K initial losses that meet another number of terms.

    Example:
        >>> import numpy as np
        >>> from multiloss import Signals
        >>> from multiloss.aggregation import GradNorm
        >>> balancer = GradNorm(learning_rate=0.1)
        >>> state = balancer.init(2)
        >>> for losses in ([4.0, 2.0], [2.0, 2.0], [1.0, 2.0]):
        ...     signals = Signals(np.array(losses), np.array([True, True]), norms=np.array([1.0, 1.0]))
        ...     weights, state = balancer.weights(signals, state)
        >>> [round(float(weight), 3) for weight in weights]
        [0.9, 1.1]

    Differs from the paper: the slopes have no unit. Of re-implementations: r has the power alpha, not -alpha; L(0) is
    neither replaced in later steps nor missed by a term that is absent in the first; the weights have their own
    learning rate, and never enter the user's optimizer.

    Reference: Chen, Badrinarayanan, Lee and Rabinovich, "GradNorm: gradient normalization for adaptive loss balancing
    in deep multitask networks", ICML 2018, arXiv:1711.02257.
    """

    needs: ClassVar[Needs] = Needs.NORMS

    def __init__(
        self,
        alpha: float = 1.5,
        learning_rate: float = 0.025,
        *,
        floor: float = 1e-3,
        initial_losses: Sequence[float] | None = None,
        **common: Any,
    ):
        super().__init__(**common)
        if not (math.isfinite(alpha) and alpha >= 0):
            raise invalid("`alpha` must be a finite number, at least 0", received=alpha)
        if not (math.isfinite(learning_rate) and learning_rate > 0):
            raise invalid("`learning_rate` must be a positive finite number", received=learning_rate)
        if not 0.0 < floor < 1.0:
            raise invalid("`floor` must be a number between 0 and 1", received=floor)
        if initial_losses is not None:
            given = np.asarray(initial_losses, "float64")
            if given.ndim != 1 or given.size == 0 or not ((given >= SMALLEST) & (given <= LARGEST)).all():
                raise invalid(
                    "`initial_losses` must be None, or a positive number for each term", received=initial_losses
                )
            initial_losses = given.tolist()
        self.alpha = float(alpha)
        self.learning_rate = float(learning_rate)
        self.floor = float(floor)
        self.initial_losses = initial_losses

    def init(self, num_terms: int) -> State:
        """The weights, at first 1, and the first losses, 0 until they are known."""
        given = np.zeros(num_terms) if self.initial_losses is None else np.asarray(self.initial_losses)
        if len(given) != num_terms:
            raise invalid(
                f"`initial_losses` must hold one number for each of the {num_terms} balanced terms",
                received=self.initial_losses,
            )
        return {"weights": np.ones(num_terms, "float32"), "initial": given.astype("float32")}

    def raw_weights(self, signals: Signals, state: State) -> tuple[Weights, State]:
        """The weights learnt so far; and the next ones."""
        present = self.present(signals)
        norms = norms_of(signals, present)
        losses = ops.cast(signals.losses, norms.dtype)
        memory = recall(state, norms.dtype)
        first = ops.logical_and(losses >= SMALLEST, losses <= LARGEST)
        first = ops.logical_and(ops.logical_and(present, memory["initial"] == 0), first)
        initial = ops.where(first, losses, memory["initial"])
        weights = self._step(memory["weights"], norms, self._pull(losses, initial, present), present)
        return memory["weights"], remember({"weights": weights, "initial": initial}, state)

    def _pull(self, losses: Array, initial: Array, present: Array) -> Array:
        """r^alpha; 1 where no rate is known."""
        known = ops.logical_and(present, initial > 0)
        left = ops.where(known, losses / ops.where(known, initial, ops.ones_like(initial)), ops.zeros_like(losses))
        left = ops.clip(left, 0.0, LARGEST_RATIO)
        number = ops.sum(ops.cast(known, losses.dtype))
        mean = ops.sum(left) / ops.where(number > 0, number, ops.ones_like(number))
        usable = ops.logical_and(known, mean > 0)
        rates = ops.where(usable, left / ops.where(mean > 0, mean, ops.ones_like(mean)), ops.ones_like(left))
        return ops.clip(rates**self.alpha, 0.0, LARGEST_RATIO)

    def _step(self, weights: Array, norms: Array, pull: Array, present: Array) -> Array:
        """One step of descent on the weights of the present terms; with the absent ones they sum to K again."""
        here = ops.cast(present, norms.dtype)
        longest = largest_of(norms, present)
        relative = norms / ops.where(longest > 0, longest, ops.ones_like(longest))
        weighed = weights * relative
        number = ops.sum(here)
        target = ops.sum(here * weighed) / ops.where(number > 0, number, ops.ones_like(number)) * pull
        gap = weighed - target
        signs = ops.where(ops.abs(gap) > ROUNDING * weighed, ops.sign(gap), ops.zeros_like(gap))
        moved = ops.clip(weights - self.learning_rate * signs * relative, self.floor, math.inf)
        # What the absent ones do not hold of the K: rounding does not add up over the steps, nor reach 0.
        left = ops.clip(ops.sum(here + (1.0 - here) * (1.0 - weights)), self.floor, math.inf)
        total = ops.sum(here * moved)
        moved = moved * left / ops.where(total > 0, total, ops.ones_like(total))
        return ops.where(present, moved, weights)
