"""Nash-MTL: the bargaining solution between the terms."""

from __future__ import annotations

from .._core.aggregator import Aggregator
from .._core.balancer import Signals
from .._core.linalg import to_float
from .._core.registry import register
from .._core.solvers import fair_point
from .._core.typing import State, Weights


@register(
    "nash_mtl",
    paper="arXiv:2202.01017",
    properties=(
        "non_negative",
        "non_conflicting",
        "stops_when_stationary",
        "permutation_equivariant",
        "scale_invariant",
        "term_scale_invariant",
        "stateless",
        "deterministic",
    ),
)
class NashMTL(Aggregator):
    """The update on which bargaining terms agree: each gives up as large a share of its progress as it imposes.

    w > 0 with Gw = 1/w, the maximiser of sum_i log g_i.d over a ball: every term improves, and a change of d that gains
    one per cent for a term costs the others one per cent in all. The lengths of the gradients, and so the units of the
    losses, do not touch the direction. As w_i is about 1 / |g_i|, it is the shortest gradients that the step's size
    comes from under the default `normalize`.

    At a Pareto-stationary point no such weights exist; in its neighbourhood they grow without bound in the raw form
    (and so sum to K under the default, with the update going to 0). A ridge of the size of rounding on the cosines
    keeps them finite there.

    Needs the Gramian: K backward passes. Cost of the weights: 10 factorisations of one K x K system in float32.

    Args:
        normalize: `"sum_to_k"` (default), or `"none"` for Gw = 1/w itself, an update of length sqrt(K) whatever the
            gradients are.

    Example:
        >>> from multiloss.aggregation import NashMTL, aggregate
        >>> vector = aggregate([[4.0, 0.0], [0.0, 1.0]], NashMTL(normalize="none"))
        >>> [round(float(entry), 4) for entry in vector]
        [1.0, 1.0]

    Differs from the official code: one strictly convex problem solved by Newton's method to the end, where that runs 20
    convex programs on the CPU and returns the iterate before the last; solved in every step, nothing is remembered; the
    update is not clipped to the length 1 (its `max_norm`): use the default `normalize`, or the optimizer's `clipnorm`.

    Reference: Navon et al., "Multi-task learning as a bargaining game", ICML 2022, arXiv:2202.01017.
    """

    def raw_weights(self, signals: Signals, state: State) -> tuple[Weights, State]:
        """The solution of Gw = 1/w."""
        return fair_point(to_float(signals.gramian), 1.0, self.present(signals)), state
