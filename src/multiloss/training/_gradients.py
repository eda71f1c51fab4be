"""From terms to gradients, for every backend: rows, Gramian, weights, and the weighted backward pass."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from keras import ops

from .._core.aggregator import Aggregator
from .._core.balancer import Needs
from .._core.errors import invalid
from .._core.typing import Array
from .._core.variables import layer_names, matches
from ..terms import TermValue
from ._balancing import Balancing
from ._measured import Measured
from ._objective import Balance, Objective, weight_vectors


class Pullback(Protocol):
    """One backward pass: gradients of sum(seed_t * loss_t) over chosen variables; a seed of None leaves a term out."""

    def __call__(self, seeds: Sequence[Any], variables: Sequence[int], *, dense: bool = False) -> list[Any]:
        """Gradients in the order of `variables`, None where unreached; `dense` turns sparse gradients into tensors."""


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


@dataclass(frozen=True)
class Sharing:
    """Which trainable variables are shared, by index.

    Attributes:
        shared: reached by at least two balanced terms, or given by pattern.
        private: all others.
        measured: those over which the Gramian is taken.
    """

    shared: tuple[int, ...]
    private: tuple[int, ...]
    measured: tuple[int, ...]


def differentiate(
    objective: Objective,
    values: Sequence[TermValue],
    losses: Sequence[Array],
    pull: Pullback,
    sharing: Callable[[], Sharing],
    num_variables: int,
    scale_loss: Callable[[Array], Array],
) -> Step:
    """Computes the weights of a step and its gradients.

    Args:
        objective: the terms and the balancer.
        values: the terms' values, detached.
        losses: the terms' losses, detached.
        pull: the backend's backward pass.
        sharing: gives the shared variables; called only where the balancer reads gradients.
        num_variables: the number of trainable variables.
        scale_loss: the optimizer's loss scaling, applied to the last backward's seed alone.
    """
    measured = objective.measure(values, losses, training=True)
    balancing, split, products = objective.balancing, None, None
    if balancing.reads_gradients:
        split = sharing()
        products = partial(_products, balancing, measured, pull, split.measured)
    balance = objective.balance(measured, products)
    weights, plain = weight_vectors(measured, balance.factors)
    everything = range(num_variables)
    if split is None or not balancing.splits_heads:
        gradients = pull(_seeds(scale_loss(weights)), everything)
    else:
        gradients = [None] * num_variables
        for seeds, variables in ((weights, split.shared), (plain, split.private)):
            if variables:
                for index, gradient in zip(variables, pull(_seeds(scale_loss(seeds)), variables), strict=True):
                    gradients[index] = gradient
    return Step(gradients, measured, weights, balance)


def _products(balancing: Balancing, measured: Measured, pull: Pullback, variables: Sequence[int]) -> Array:
    """What the balancer reads of the rows' gradients (user-weighted, scaled terms), variable by variable in float32.

    Returns:
        Their inner products, shape `(K, K)`; for a balancer that reads norms alone their squared lengths, `(K,)`.
    """
    coefficients = measured.user / measured.divisors
    rows = []
    for row in balancing.rows:
        seeds = [coefficients[index] if index in row else None for index in range(len(balancing.terms))]
        rows.append(pull(seeds, variables, dense=True))
    size = len(rows)
    norms_alone = balancing.balancer.needs is Needs.NORMS
    total = ops.zeros((size,) if norms_alone else (size, size), "float32")
    for gradients in zip(*rows, strict=True):
        reached = next((gradient for gradient in gradients if gradient is not None), None)
        if reached is None:
            continue
        flat = [ops.zeros_like(reached) if gradient is None else gradient for gradient in gradients]
        matrix = ops.stack([ops.reshape(ops.cast(gradient, "float32"), (-1,)) for gradient in flat])
        if norms_alone:
            total = total + ops.sum(ops.square(matrix), axis=1)
        else:
            total = total + ops.matmul(matrix, ops.transpose(matrix))
    return total


def _seeds(weights: Array) -> list[Array]:
    return [weights[index] for index in range(weights.shape[0])]


def single_seed(term: int, num_terms: int, value: Any) -> list[Any]:
    """Seeds that pull one term alone; a zero in the others' place would let their NaN through, as 0 * NaN."""
    return [value if index == term else None for index in range(num_terms)]


def reached(gradients: Sequence[Any], variables: Sequence[Any]) -> tuple[list[Any], list[Any]]:
    """The gradients and variables that a term reaches: an output without a term is nothing to warn of."""
    pairs = [pair for pair in zip(gradients, variables, strict=True) if pair[0] is not None]
    return [gradient for gradient, _ in pairs], [variable for _, variable in pairs]


def find_sharing(objective: Objective, reach: Sequence[set[int]], variables: Sequence[Any]) -> Sharing:
    """Splits the trainable variables into shared and private ones.

    Args:
        objective: the terms and the balancer.
        reach: for every term, the indices of the variables that it reaches structurally.
        variables: the trainable variables.

    Raises:
        ValueError: when nothing is shared, or a pattern matches no layer.
    """
    balancing = objective.balancing
    balancer = balancing.aggregator
    indices = range(len(variables))
    wanted = balancer.shared if isinstance(balancer, Aggregator) else None
    if wanted is not None:
        shared = _matching("shared", wanted, variables)
    else:
        shared = shared_by_structure(balancing.rows, reach)
    if not shared:
        names = [objective.terms[index].name for index in balancing.balanced]
        raise invalid(
            f"{type(balancer).__name__} balances gradients over variables that at least two of the terms "
            f"{', '.join(names)} reach",
            received="a model in which no variable is shared by two of them",
            fix="Use balancer=None or a loss-value balancer, or name the layers with shared='...'.",
        )
    private = tuple(index for index in indices if index not in set(shared))
    return Sharing(tuple(shared), private, tuple(_measured(balancer, shared, variables)))


def shared_by_structure(rows: Sequence[Sequence[int]], reach: Sequence[set[int]]) -> list[int]:
    """The variables that at least two rows of terms reach, by index."""
    reached_by = [set().union(*(reach[term] for term in row)) for row in rows]
    everything = set().union(*reached_by)
    return sorted(index for index in everything if sum(index in row for row in reached_by) >= 2)


def _measured(balancer: Any, shared: Sequence[int], variables: Sequence[Any]) -> Sequence[int]:
    wrt = balancer.wrt if isinstance(balancer, Aggregator) else "shared"
    if wrt == "shared":
        return shared
    if wrt == "last_shared":
        last = layer_names([variables[shared[-1]]])[0]
        return [index for index in shared if layer_names([variables[index]])[0] == last]
    return _matching("wrt", wrt, variables)


def _matching(argument: str, pattern: str, variables: Sequence[Any]) -> list[int]:
    found = [index for index, variable in enumerate(variables) if matches(pattern, variable)]
    if not found:
        raise invalid(
            f"`{argument}` must match a layer with trainable weights",
            received=pattern,
            fix=f"Layers: {', '.join(layer_names(variables))}.",
        )
    return found


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
