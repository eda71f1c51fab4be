"""PrimaryFirst: the main loss advances as if it were alone, and the others are helped as far as that leaves room."""

from __future__ import annotations

from typing import Any

from keras import ops

from .._core.aggregator import Aggregator
from .._core.balancer import Signals
from .._core.errors import invalid
from .._core.linalg import correlation, product, relative, to_float
from .._core.registry import register
from .._core.solvers import one_hard_many_soft
from .._core.typing import State, Weights


@register(
    "primary_first",
    properties=("non_negative", "scale_invariant", "stateless", "deterministic"),
    cases=({}, {"primary": 1, "fraction": 0.5}, {"give": 1.0}),
)
class PrimaryFirst(Aggregator):
    """The sum of the gradients, changed as little as possible so that the main loss is sure to advance.

    With g_0 the primary gradient and u_i = g_i / |g_i|, the update d and the harms h_i >= 0 solve

        minimise    1/2 |d - sum_i g_i|^2 + 1/(2 give) sum_{i != 0} h_i^2
        subject to  g_0.d >= fraction |g_0|^2  and  u_i.d >= -h_i for the others.

    The first constraint is hard, and can always be met: to first order, the main loss falls at least `fraction` times
    as fast as if it were trained alone. The others have a price, and are harmed only where the gradients leave no
    better choice: h_i = give y_i, where y_i / |g_i| is the weight that the term gets on top of 1. Thus two terms that
    oppose each other exactly move along the primary gradient. Where the sum satisfies all constraints, every weight is
    1: training without a balancer.

    It is solved as its dual, over the added weights: minimise over y >= 0 of 1/2 y'(C + give I_{others}) y + q'y with
    C_ij = u_i.u_j and q_i = u_i.(sum_j g_j) - fraction |g_0| (i = 0); w_i = 1 + y_i / |g_i|. The solution is unique.

    Needs the Gramian: K backward passes. Cost of the weights: for up to 8 terms, two factorisations of 2^K systems of
    size K x K; beyond, twice 22 solves of one K x K system in float32.

    Args:
        primary: the index of the main loss in the order of the terms, from 0. Where it is absent, the others are kept
            from harm among themselves.
        fraction: of the progress that the main loss would make alone, at most 1 (default) and above 0.
        give: the price of harm, above 0, default 0.01: small holds the other terms' constraints, but where gradients
            nearly oppose each other it takes long steps, up to 1 / (2 sqrt(give)) times the gradients, to do so.
        normalize: `"none"` (default), unlike elsewhere: the guarantee is about the weights as they are, which are 1
            where nothing conflicts. `"sum_to_k"` keeps the direction; the main loss's share is then
            `fraction * K / sum(w)`.

    Raises:
        ValueError: for an argument outside its range; when there are too few terms for `primary`.

    Example:
        >>> from multiloss.aggregation import PrimaryFirst, aggregate
        >>> vector = aggregate([[1.0, 0.0], [-1.0, 2.0]], PrimaryFirst())
        >>> [round(float(entry), 4) for entry in vector]
        [1.0, 2.0]

    Reference: the form is that of gradient episodic memory (Lopez-Paz and Ranzato, NeurIPS 2017, arXiv:1706.08840),
    with another constraint for the main loss and soft ones for the others.
    """

    def __init__(
        self,
        primary: int = 0,
        fraction: float = 1.0,
        *,
        give: float = 0.01,
        normalize: str = "none",
        **common: Any,
    ):
        super().__init__(normalize=normalize, **common)
        if isinstance(primary, bool) or not isinstance(primary, int) or primary < 0:
            raise invalid("`primary` must be the index of a term, from 0", received=primary)
        if not 0.0 < fraction <= 1.0:
            raise invalid("`fraction` must be a number above 0 and at most 1", received=fraction)
        if not 1e-4 <= give <= 1e4:
            raise invalid("`give` must be a number from 1e-4 to 1e4", received=give)
        self.primary = primary
        self.fraction = float(fraction)
        self.give = float(give)

    def init(self, num_terms: int) -> State:
        """Nothing is remembered; that there is a primary term is checked."""
        if self.primary >= num_terms:
            raise invalid(
                f"`primary` must be the index of one of the {num_terms} balanced terms", received=self.primary
            )
        return {}

    def raw_weights(self, signals: Signals, state: State) -> tuple[Weights, State]:
        """1, and what the constraints add to it."""
        present = self.present(signals)
        cosines, lengths = correlation(to_float(signals.gramian), present)
        main = ops.cast(ops.arange(lengths.shape[0]) == self.primary, lengths.dtype)
        sizes, longest = relative(lengths, present)
        slope = product(cosines, sizes[:, None])[:, 0] - self.fraction * main * sizes
        # A positive slope holds the absent rows at 0.
        slope = ops.where(present, slope, ops.ones_like(slope))
        added = one_hard_many_soft(cosines, slope, main, self.give)
        return 1.0 + added * (longest / lengths), state
