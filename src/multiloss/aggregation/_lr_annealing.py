"""Learning-rate annealing: every term's gradient is brought to the length of a reference term's."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np
from keras import ops

from .._core.aggregator import Aggregator
from .._core.balancer import Needs, Signals
from .._core.errors import invalid
from .._core.memory import recall, remember
from .._core.registry import register
from .._core.typing import State, Weights
from ._norms import check_decay, norms_of


@register(
    "learning_rate_annealing",
    aliases=("lr_annealing",),
    paper="arXiv:2001.04536",
    properties=("non_negative", "scale_invariant", "deterministic"),
    cases=({}, {"decay": 0.5, "max_weight": 10.0}),
)
class LearningRateAnnealing(Aggregator):
    """Weighs each term so that its gradient grows as long as that of a reference term, slowly.

    lambda_i <- d lambda_i + (1 - d) n_ref / n_i, from lambda_i = 1, with n_i the norm of term i's gradient; the weight
    of the reference is 1 throughout. The n_i are those of the terms before they are weighed, so that lambda_i settles
    at n_ref / n_i. Made for physics-informed networks, in which the residual of the equation (the reference) drowns the
    boundary and initial conditions.

    The new weights are used in the step that they are computed in. A term that is absent or has no gradient keeps its
    lambda; where the reference is, all do. The order of the terms matters only through `reference`.

    Needs the gradient norms: K backward passes, or K short ones with `wrt`.

    Args:
        reference: the index of the reference among the balanced terms, from 0.
        decay: d, the memory of the weights, in [0, 1): the default 0.9 takes 10 % of the new value in each step.
        max_weight: the most that n_ref / n_i counts: what bounds the weights where a gradient nearly vanishes.
        normalize: `"sum_to_k"` (default), or `"none"` for the published weights, with 1 for the reference.

    Raises:
        ValueError: for a `decay` outside [0, 1), a `max_weight` below 1, or a `reference` that is no index of a term.

    Example:
        >>> from multiloss.aggregation import LearningRateAnnealing, solve
        >>> balancer = LearningRateAnnealing(decay=0.75, normalize="none")
        >>> weights = solve([[25.0, 0.0], [0.0, 1.0]], balancer)
        >>> [round(float(weight), 4) for weight in weights]
        [1.0, 2.0]

    Differs from the official code: norms, where the paper has the largest entry of the reference's gradient over the
    mean entry of the other's, by layer, which depends on the number of variables; the gradients without their weights,
    where the code divides by those of the weighed terms and so settles at the root of the ratio; `max_weight`.

    Reference: Wang, Teng and Perdikaris, "Understanding and mitigating gradient flow pathologies in physics-informed
    neural networks", SIAM Journal on Scientific Computing 2021, arXiv:2001.04536.
    """

    needs: ClassVar[Needs] = Needs.NORMS

    def __init__(
        self,
        reference: int = 0,
        decay: float = 0.9,
        *,
        max_weight: float = 1e4,
        **common: Any,
    ):
        super().__init__(**common)
        if not isinstance(reference, int | np.integer) or isinstance(reference, bool) or reference < 0:
            raise invalid("`reference` must be the index of a term, from 0", received=reference)
        if not (math.isfinite(max_weight) and max_weight >= 1):
            raise invalid("`max_weight` must be a finite number, at least 1", received=max_weight)
        self.reference = int(reference)
        self.decay = check_decay(decay)
        self.max_weight = float(max_weight)

    def init(self, num_terms: int) -> State:
        """The weights, at first 1."""
        if self.reference >= num_terms:
            raise invalid(
                f"`reference` must be the index of one of the {num_terms} balanced terms, from 0",
                received=self.reference,
            )
        return {"weights": np.ones(num_terms, "float32")}

    def raw_weights(self, signals: Signals, state: State) -> tuple[Weights, State]:
        """The weights, moved towards the ratios of the norms; these are used, and remembered."""
        present = self.present(signals)
        norms = norms_of(signals, present)
        before = recall(state, norms.dtype)["weights"]
        others = ops.arange(norms.shape[0], dtype="int32") != self.reference
        moves = ops.logical_and(ops.logical_and(present, present[self.reference]), others)
        ratios = ops.clip(norms[self.reference] / norms, 0.0, self.max_weight)
        weights = ops.where(moves, self.decay * before + (1.0 - self.decay) * ratios, before)
        return weights, remember({"weights": weights}, state)
