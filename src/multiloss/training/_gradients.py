"""From terms to gradients, for every backend: rows, Gramian, weights, and the weighted backward pass."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from keras import ops

from .._core.typing import Array
from ..terms import TermValue
from . import _gramian
from ._balancing import Balancing
from ._measured import Measured
from ._objective import Balance, Objective, weight_vectors
from ._pullback import Pullback
from ._sharing import Sharing


@dataclass(frozen=True)
class Step:
    """What one training step found out, before it is applied.

    Attributes:
        gradients: one for each trainable variable, None where unreached.
        measured: the terms as vectors.
        weights: the full weights `t_weight`, shape `(T,)`.
        balance: what balancer and constraints gave.
    """

    gradients: list[Any]
    measured: Measured
    weights: Array
    balance: Balance


def differentiate(
    objective: Objective,
    values: Sequence[TermValue],
    losses: Sequence[Array],
    pull: Pullback,
    sharing: Sharing | None,
    num_variables: int,
    scale_loss: Callable[[Array], Array],
) -> Step:
    """Computes the weights of a step and its gradients.

    Args:
        objective: the terms and the balancer.
        values: the terms' values, detached.
        losses: the terms' losses, detached.
        pull: the backend's backward pass.
        sharing: the shared variables; None where the balancer reads no gradients.
        num_variables: the number of trainable variables.
        scale_loss: the optimizer's loss scaling, applied to the last backward's seed alone.
    """
    measured = objective.measure(values, losses, training=True)
    balancing, products = objective.balancing, None
    if sharing is not None:
        products = partial(_products, balancing, measured, pull, sharing)
    balance = objective.balance(measured, products)
    weights, plain = weight_vectors(measured, balance.factors)
    everything = range(num_variables)
    if sharing is None or not balancing.splits_heads:
        gradients = pull(_seeds(scale_loss(weights)), everything)
    else:
        gradients = [None] * num_variables
        for seeds, variables in ((weights, sharing.shared), (plain, sharing.private)):
            if variables:
                for index, gradient in zip(variables, pull(_seeds(scale_loss(seeds)), variables), strict=True):
                    gradients[index] = gradient
    return Step(gradients, measured, weights, balance)


def _products(balancing: Balancing, measured: Measured, pull: Pullback, split: Sharing) -> Array:
    """What the balancer reads of the rows' gradients (user-weighted, scaled terms), in float32.

    Returns:
        Their inner products, shape `(K, K)`; for a balancer that reads norms alone their squared lengths, `(K,)`.
    """
    coefficients = measured.user / measured.divisors
    rows = [
        [coefficients[index] if index in row else None for index in range(len(balancing.terms))]
        for row in balancing.rows
    ]
    size = len(rows)
    norms_alone = balancing.reads_norms
    total = ops.zeros((size,) if norms_alone else (size, size), "float32")
    recording = pull.recording
    records = recording.places(split.taps)
    found = pull.rows(rows, split.measured, records, balancing.backward)
    for gradients in found[: len(split.measured)]:
        if gradients is not None:
            total = total + _gramian.of_rows(gradients, norms_alone)
    deltas = dict(zip(records, found[len(split.measured) :], strict=True))
    for tap in split.taps:
        own = [place for place in recording.places([tap]) if deltas[place] is not None]
        if own:
            inputs = [recording.inputs[place] for place in own]
            total = total + tap.products(inputs, [deltas[place] for place in own], norms_alone)
    return total


def _seeds(weights: Array) -> list[Array]:
    return [weights[index] for index in range(weights.shape[0])]


def reached(gradients: Sequence[Any], variables: Sequence[Any]) -> tuple[list[Any], list[Any]]:
    """The gradients and variables that a term reaches: an output without a term is nothing to warn of."""
    pairs = [pair for pair in zip(gradients, variables, strict=True) if pair[0] is not None]
    return [gradient for gradient, _ in pairs], [variable for _, variable in pairs]


def warn_unreached(objective: Objective, reach: Sequence[set[int]]) -> None:
    """Says once which terms reach no variable: they cannot teach the model anything."""
    names = [term.name for term in objective.terms if term.balanced and not reach[term.index]]
    if names:
        warnings.warn(
            f"No trainable variable is reached by: {', '.join(map(repr, names))}. Such a term teaches the model "
            "nothing: it may round, take an argmax, compare, or stop the gradient.",
            UserWarning,
            stacklevel=2,
        )
