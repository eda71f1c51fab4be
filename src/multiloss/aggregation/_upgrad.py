"""UPGrad: each gradient projected so that it harms no term, then the mean."""

from __future__ import annotations

from .._core.aggregator import Aggregator
from .._core.balancer import Signals
from .._core.linalg import to_float
from .._core.registry import register
from .._core.solvers import mean_projection
from .._core.typing import State, Weights


@register(
    "upgrad",
    paper="arXiv:2406.16232",
    properties=(
        "non_negative",
        "non_conflicting",
        "stops_when_stationary",
        "permutation_equivariant",
        "scale_invariant",
        "stateless",
        "deterministic",
    ),
)
class UPGrad(Aggregator):
    """Projects each gradient on the cone of directions that harm no term, and takes the mean of the projections.

    w = 1/K sum_i argmin over v >= e_i of v'Gv. The result conflicts with no gradient, and grows with each of them in
    proportion: a long gradient keeps its say, unlike in `MGDA`. Without conflicts it is the plain mean.

    Needs the Gramian: K backward passes. Cost of the weights: for up to 8 terms, one factorisation of 2^K systems of
    size K x K; beyond, 22 times K solves in float32.

    Args:
        normalize: `"sum_to_k"` (default), or `"none"` for the mean of the projections, as published.

    Example:
        >>> from multiloss.aggregation import UPGrad, aggregate
        >>> vector = aggregate([[1.0, 0.0], [-1.0, 1.0]], UPGrad(normalize="none"))
        >>> [round(float(entry), 4) for entry in vector]
        [0.25, 0.75]

    Differs from the official code: the quadratic problems are solved on the device, all K at once, to the end, without
    its `norm_eps` and `reg_eps`: those are absolute, so that small gradients pass unprojected. A term without a
    gradient does not count in the mean.

    Reference: Quinton and Rey, "Jacobian descent for multi-objective optimization", 2024, arXiv:2406.16232.
    """

    def raw_weights(self, signals: Signals, state: State) -> tuple[Weights, State]:
        """The mean of the K projections' weights."""
        present = self.present(signals)
        return mean_projection(to_float(signals.gramian), present), state
