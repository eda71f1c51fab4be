"""From terms to gradients, for every backend: rows, inner products, weights, and the weighted backward pass."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from ..._core.typing import Array
from ._linearized import Linearized
from ._measured import Measured
from ._objective import Balance, Objective
from ._sharing import Sharing


@dataclass(frozen=True)
class Step:
    """What one training step found out, before it is applied.

    Attributes:
        gradients: one for each trainable variable, None where unconnected.
        measured: the terms as vectors.
        weights: the full weights `t_weight`, shape `(T,)`.
        balance: what balancer and constraints gave.
    """

    gradients: list[Any]
    measured: Measured
    weights: Array
    balance: Balance

    def connected(self, variables: Sequence[Any]) -> tuple[list[Any], list[Any]]:
        """The gradients and variables that a term is connected to: an output without a term is nothing to warn of."""
        pairs = [pair for pair in zip(self.gradients, variables, strict=True) if pair[0] is not None]
        return [gradient for gradient, _ in pairs], [variable for _, variable in pairs]


def entries(vector: Array) -> list[Array]:
    """The entries of a vector as scalars."""
    return [vector[index] for index in range(vector.shape[0])]


def differentiate(
    objective: Objective,
    linear: Linearized,
    sharing: Sharing | None,
    num_variables: int,
    scale_loss: Callable[[Array], Array],
    apart: Callable[[Array], list[Array]] = entries,
) -> Step:
    """Computes the weights of a step and its gradients.

    Args:
        objective: the terms and the balancer.
        linear: the forward pass.
        sharing: the shared variables; None where the balancer reads no gradients. Where none is shared, it rests.
        num_variables: the number of trainable variables.
        scale_loss: the optimizer's loss scaling, applied to the last backward's cotangents alone.
        apart: takes a vector apart into scalars, in the way that the backend compiles best.
    """
    measured = objective.measure(linear.forward.values, linear.losses, training=True)
    balancing, pull, products = objective.balancing, linear.pull, None
    if sharing is not None and not sharing.shared:
        sharing = None
    if sharing is not None:
        products = partial(_norms_and_gramian, objective, measured, linear, sharing)
    balance = objective.balance(measured, products, () if sharing is None else sharing.resting)
    plain = measured.weights
    weights = plain * balance.factors
    everything = range(num_variables)
    if sharing is None or not balancing.splits_heads:
        gradients = pull(apart(scale_loss(weights)), everything)
    else:
        gradients = [None] * num_variables
        for factors, variables in ((weights, sharing.shared), (plain, sharing.private)):
            if variables:
                pulled = pull(apart(scale_loss(factors)), variables)
                for index, gradient in zip(variables, pulled, strict=True):
                    gradients[index] = gradient
    return Step(gradients, measured, weights, balance)


def _norms_and_gramian(
    objective: Objective, measured: Measured, linear: Linearized, sharing: Sharing
) -> tuple[Array, Array | None]:
    """Lengths and inner products of the rows' gradients (user-weighted, scaled terms), in float32."""
    balancing, coefficients = objective.balancing, measured.weights
    rows = [
        [coefficients[index] if index in row else None for index in range(len(balancing.terms))]
        for row in balancing.rows
    ]
    products = balancing.products
    over = balancing.over.backward
    total = linear.pull.products(rows, sharing.measured, sharing.captured, products, over, objective.replicas)
    return products.norms_and_gramian(total)
