"""The balancer of EnCodec: every term has a given share in the gradient, whatever its loss."""

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
from ._norms import SMALLEST, check_decay, norms_of


@register(
    "encodec_balancer",
    aliases=("encodec",),
    paper="arXiv:2210.13438",
    properties=("non_negative", "permutation_equivariant", "scale_invariant", "term_scale_invariant", "deterministic"),
    cases=({}, {"decay": 0.5}),
)
class EncodecBalancer(Aggregator):
    """Divides each term by the running mean of its gradient's norm, and multiplies by its share of the update.

    w_i = (p_i / sum_j p_j) / m_i, with m_i the exponential running mean of the norm n_i of term i's gradient, corrected
    for its start, so that the first m_i is the first n_i. The norm of this step enters the mean before the mean is
    used. The preferences p then say how long each term's part of the update is, whatever the units of its loss: p =
    (3, 1) means three times as much of the first.

    This is the scalar form, measured at whatever `wrt` says: one norm for each term, over all the variables or the
    whole representation that `wrt` names, and one number that multiplies its loss. The parts have these lengths there,
    as far as the norms hold still, and nowhere else. A layer through which all terms pass, as in the paper, is
    `wrt="last_shared"` or a pattern.

    The mean of a term counts the steps in which it is present with a gradient; in others it rests, and the shares are
    those of the terms that are there.

    Needs the gradient norms: K backward passes, or K short ones with `wrt`.

    Args:
        preferences: p; None (default) for equal shares, or K positive numbers in the order of the terms.
        decay: of the running mean, in [0, 1): 0.999 for about the last 1000 steps; 0 for the current norm alone.
        normalize: `"sum_to_k"` (default), or `"none"` for the published weights, with a total norm of 1.

    Raises:
        ValueError: for a preference that is not a positive number, for K preferences that meet another number of terms,
            or for a `decay` outside [0, 1).

    Example:
        >>> from multiloss.aggregation import EncodecBalancer, aggregate
        >>> vector = aggregate([[10.0, 0.0], [0.0, 0.2]], EncodecBalancer([3.0, 1.0], normalize="none"))
        >>> [round(float(entry), 4) for entry in vector]
        [0.75, 0.25]

    Differs from the official code: there, the gradient at the model's output is weighed, and its norm is the mean of
    the norms of the samples; here each loss is, so that terms need not all pass through one tensor. No 1e-12 is added
    to the mean, so that units do not matter. Absent terms rest.

    Reference: Défossez, Copet, Synnaeve and Adi, "High fidelity neural audio compression", 2022, arXiv:2210.13438.
    """

    needs: ClassVar[Needs] = Needs.NORMS

    def __init__(
        self,
        preferences: Sequence[float] | None = None,
        decay: float = 0.999,
        **common: Any,
    ):
        super().__init__(**common)
        if preferences is not None:
            shares = np.asarray(preferences, "float64")
            if shares.ndim != 1 or shares.size == 0 or not (np.isfinite(shares).all() and (shares > 0).all()):
                raise invalid("`preferences` must be None, or a positive number for each term", received=preferences)
            preferences = shares.tolist()
        self.preferences = preferences
        self.decay = check_decay(decay)

    def init(self, num_terms: int) -> State:
        """The running mean of each term's norm, and the number of steps in it."""
        if self.preferences is not None and len(self.preferences) != num_terms:
            raise invalid(
                f"`preferences` must hold one number for each of the {num_terms} balanced terms",
                received=self.preferences,
            )
        return {"mean": np.zeros(num_terms, "float32"), "count": np.zeros(num_terms, "int32")}

    def raw_weights(self, signals: Signals, state: State) -> tuple[Weights, State]:
        """The shares over the running means, which count this step."""
        present = self.present(signals)
        norms = norms_of(signals, present)
        memory = recall(state, norms.dtype)
        counted = memory["count"] + 1
        entering = self._entering(ops.cast(counted, norms.dtype))
        # Each product alone is finite; the first norm stands alone, as its share is 1.
        mean = (1.0 - entering) * memory["mean"] + entering * norms
        after = {
            "mean": ops.where(present, mean, memory["mean"]),
            "count": ops.where(present, counted, memory["count"]),
        }
        divisors = ops.clip(ops.where(present, mean, ops.ones_like(mean)), SMALLEST, math.inf)
        return self._shares(present, norms) / divisors, remember(after, state)

    def _entering(self, counted: Array) -> Array:
        """(1 - d) / (1 - d^t): the share of the t-th norm in a mean that is corrected for its start."""
        if not self.decay:
            return ops.ones_like(counted)
        # 1 - d^t, without the digits that float32 loses where that is small.
        whole = -ops.expm1(math.log(self.decay) * counted)
        return ops.where(counted > 1, (1.0 - self.decay) / whole, ops.ones_like(whole))

    def _shares(self, present: Array, like: Array) -> Array:
        given = [1.0] * like.shape[0] if self.preferences is None else self.preferences
        # Over the largest first, so that any numbers that the user likes are finite.
        shares = ops.convert_to_tensor([share / max(given) for share in given], dtype=like.dtype)
        total = ops.sum(ops.where(present, shares, ops.zeros_like(shares)))
        return shares / ops.where(total > 0, total, ops.ones_like(total))
