"""What the Tchebycheff members share: how far each loss is from its ideal, plainly or relative to a warm-up."""

from __future__ import annotations

import abc
import math
import numbers as numeric
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from keras import ops

from .._core.balancer import Balancer, Needs, Signals
from .._core.errors import invalid
from .._core.linalg import to_float
from .._core.memory import recall, remember
from .._core.typing import Array, State, Weights
from ._arguments import Numbers, for_terms, numbers
from ._logarithm import FLOOR, measurable


class IdealDistance(Balancer):
    """Minimises one number made of the scores lambda_i f_i of the terms present.

    Without a warm-up f_i = L_i - z_i. With one, f_i = log((L_i - z_i) / (n_i - z_i)), n_i being the mean of the loss
    over the last epoch of the warm-up, during which sum_i lambda_i log(L_i - z_i) is minimised; the number is then
    multiplied by the count of the terms, which makes it as steep as that sum.

    Args:
        preferences: lambda, as `numbers` takes them.
        reference: z, likewise; of either sign.
        warmup_epochs: 0 for none.
        normalize: as for every `Balancer`.
    """

    needs: ClassVar[Needs] = Needs.LOSSES

    def __init__(
        self,
        preferences: float | Sequence[float] | None = None,
        reference: float | Sequence[float] | None = None,
        *,
        warmup_epochs: int = 1,
        normalize: str = "sum_to_k",
    ):
        super().__init__(normalize)
        self.preferences = numbers("preferences", preferences)
        self.reference = numbers("reference", reference, positive=False)
        if not isinstance(warmup_epochs, numeric.Integral) or isinstance(warmup_epochs, bool) or warmup_epochs < 0:
            raise invalid("`warmup_epochs` must be an integer, at least 0", received=warmup_epochs)
        self.warmup_epochs: int = int(warmup_epochs)

    @abc.abstractmethod
    def combine(self, scores: Array, counts: Array) -> tuple[Array, Array]:
        """The number made of the scores that count, and its derivative by each of them, shape `(K,)`."""

    def init(self, num_terms: int) -> State:
        """The mean loss over the last epoch of the warm-up and how many batches it is made of, shape `(K,)` each."""
        for name, given in (("preferences", self.preferences), ("reference", self.reference)):
            for_terms(name, given, num_terms, 0.0)
        if not self.warmup_epochs:
            return {}
        return {"nadir": np.zeros(num_terms, "float32"), "count": np.zeros(num_terms, "int32")}

    def raw_weights(self, signals: Signals, state: State) -> tuple[Weights, State]:
        """The derivative of the objective by each loss."""
        losses, preferences, gaps = self._gaps(signals)
        if not self.warmup_epochs:
            return preferences * self.combine(preferences * gaps, signals.present)[1], state
        known = self._measured(signals, losses, recall(state, losses.dtype))
        sizes, counts, scores, number = self._relative(signals, preferences, gaps, known)
        shares = number * self.combine(scores, counts)[1]
        # In the warm-up the sum of logarithms, and without any logarithm the sum of distances: a share of one each.
        shares = ops.where(self._sums(signals, number), ops.ones_like(shares), shares)
        return preferences * shares * _mask(counts, signals.present, number, losses.dtype) / sizes, remember(
            known, state
        )

    def objective(self, signals: Signals, state: State) -> Array:
        """The number that is minimised, over the present terms."""
        losses, preferences, gaps = self._gaps(signals)
        if not self.warmup_epochs:
            return self.combine(preferences * gaps, signals.present)[0]
        known = self._measured(signals, losses, recall(state, losses.dtype))
        sizes, counts, scores, number = self._relative(signals, preferences, gaps, known)
        plain = ops.where(number > 0, ops.log(sizes), gaps)
        plain = ops.sum(preferences * plain * _mask(counts, signals.present, number, losses.dtype))
        return ops.where(self._sums(signals, number), plain, number * self.combine(scores, counts)[0])

    def _gaps(self, signals: Signals) -> tuple[Array, Array, Array]:
        """The losses, lambda, and the distances L - z."""
        losses = to_float(signals.losses)
        preferences = _per_term("preferences", self.preferences, losses, 1.0)
        return losses, preferences, losses - _per_term("reference", self.reference, losses, 0.0)

    def _relative(
        self, signals: Signals, preferences: Array, gaps: Array, known: State
    ) -> tuple[Array, Array, Array, Array]:
        """The distances that have a logarithm and which they are, the scores, and how many count."""
        sizes, counts = measurable(gaps, signals.present)
        nadir = known["nadir"] - _per_term("reference", self.reference, gaps, 0.0)
        # Two logarithms: the quotient of a large and a small loss may overflow.
        scores = preferences * (ops.log(sizes) - ops.log(ops.clip(nadir, FLOOR, math.inf)))
        return sizes, counts, scores, ops.sum(ops.cast(counts, gaps.dtype))

    def _sums(self, signals: Signals, number: Array) -> Array:
        """Whether a sum is minimised: in the warm-up, and where no loss has a logarithm."""
        return ops.logical_or(ops.less(signals.epoch, self.warmup_epochs), number == 0)

    def _measured(self, signals: Signals, losses: Array, state: State) -> State:
        """The running mean, moved in the last warm-up epoch; a term not seen then brings its first loss later."""
        last = self.warmup_epochs - 1
        epoch = ops.convert_to_tensor(signals.epoch)
        late = ops.logical_and(epoch > last, state["count"] == 0)
        moves = ops.logical_and(signals.present, ops.logical_or(ops.equal(epoch, last), late))
        count = state["count"] + ops.cast(moves, state["count"].dtype)
        apart = ops.where(moves, losses - state["nadir"], ops.zeros_like(losses))
        return {"nadir": state["nadir"] + apart / ops.cast(ops.where(moves, count, 1), losses.dtype), "count": count}


def worst(scores: Array, counts: Array) -> Array:
    """The largest score that counts, a scalar; 0 where none does."""
    lowest = ops.min(scores)
    largest = ops.max(ops.where(counts, scores, lowest))
    return ops.where(ops.any(counts), largest, ops.zeros_like(largest))


def _per_term(name: str, given: Numbers, losses: Array, default: float) -> Any:
    """A tensor where the terms differ, else one number."""
    if isinstance(given, list):
        return ops.convert_to_tensor(for_terms(name, given, losses.shape[0], default), dtype=losses.dtype)
    return default if given is None else given


def _mask(counts: Array, present: Array, number: Array, dtype: str) -> Array:
    """1 where a loss counts, and where it is present if none counts; 0 elsewhere."""
    return ops.cast(ops.where(number > 0, counts, present), dtype)
