"""FairGrad: alpha-fair progress of the terms."""

from __future__ import annotations

from typing import Any

from .._core.aggregator import Aggregator
from .._core.balancer import Signals
from .._core.errors import invalid
from .._core.linalg import to_float
from .._core.registry import register
from .._core.solvers import fair_point
from .._core.typing import State, Weights


@register(
    "fairgrad",
    paper="arXiv:2402.15638",
    properties=(
        "non_negative",
        "non_conflicting",
        "stops_when_stationary",
        "permutation_equivariant",
        "scale_invariant",
        "stateless",
        "deterministic",
    ),
    cases=({}, {"alpha": 0.5}, {"alpha": 5.0}),
)
class FairGrad(Aggregator):
    """The update that is alpha-fair in the terms' progress, g_i.d.

    w > 0 with Gw = w^(-1/alpha), the maximiser of sum_i (g_i.d)^(1 - alpha) / (1 - alpha) over a ball: every term
    improves. The larger alpha, the more the term with the least progress counts: alpha near 0 is the plain sum where
    that harms nobody, alpha = 1 is `NashMTL`, and a large alpha evens out the progress of all terms. For alpha other
    than 1 the lengths of the gradients count: bring the terms to comparable sizes first.

    At a Pareto-stationary point no such weights exist; in its neighbourhood they grow without bound in the raw form
    (and so sum to K under the default, with the update going to 0). A ridge of the size of rounding on the cosines
    keeps them finite there.

    Needs the Gramian: K backward passes. Cost of the weights: 10 factorisations of one K x K system in float32, 24
    where alpha is above 2.

    Args:
        alpha: from 0.5 to 5, default 2.
        normalize: `"sum_to_k"` (default), or `"none"` for the equation's own weights.

    Raises:
        ValueError: for an `alpha` outside its range.

    Example:
        >>> from multiloss.aggregation import FairGrad, aggregate
        >>> vector = aggregate([[8.0, 0.0], [0.0, 1.0]], FairGrad(alpha=2.0, normalize="none"))
        >>> [round(float(entry), 4) for entry in vector]
        [0.5, 1.0]

    Differs from the official code: solved by Newton's method on the cosines, to the end, where that gives the Gramian
    as it is to a least-squares routine on the CPU; the update is neither multiplied by K nor clipped to the length 1.

    Reference: Ban and Ji, "Fair resource allocation in multi-task learning", ICML 2024, arXiv:2402.15638.
    """

    def __init__(
        self,
        alpha: float = 2.0,
        **common: Any,
    ):
        super().__init__(**common)
        if not 0.5 <= alpha <= 5.0:
            raise invalid("`alpha` must be a number from 0.5 to 5", received=alpha)
        self.alpha = float(alpha)

    def raw_weights(self, signals: Signals, state: State) -> tuple[Weights, State]:
        """The solution of Gw = w^(-1/alpha)."""
        return fair_point(to_float(signals.gramian), self.alpha, self.present(signals)), state
