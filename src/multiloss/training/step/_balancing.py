"""The balancer in a step: what it reads, when it solves, and its weights at their terms' places."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from ..._core.aggregator import Aggregator
from ..._core.balancer import Balancer, Needs, Signals
from ..._core.contract import as_state
from ..._core.errors import invalid, unknown_name
from ..._core.normalization import normalize_weights
from ..._core.typing import Array, State
from ..reading import BoundTerm, TrainingState
from ..rows import GramianProducts, NormProducts, Products
from ._history import History
from ._measured import Measured

KEPT = "kept/weights"

# Computes the norms of the rows' gradients, shape `(K,)`, and their Gramian, shape `(K, K)`, where it is wanted.
ReadProducts = Callable[[], tuple[Array, Array | None]]


class Balancing:
    """Knows the balancer and which terms it weighs; its state is in `TrainingState`.

    Args:
        terms: the bound terms, in order.
        balancer: the balancer.
        state: where all variables are.
        wanted: False where nobody asked for balancing, so that equal weights need not be computed.
        cond: a conditional whose branches may ask other replicas.

    Attributes:
        rows: the terms that the balancer sees as one, by index; one term each, but for an aggregator's `groups`.
        history: what schedules and balancer read of the progress of training.
        over: over what gradients are read, and how, as an aggregator says it.
        products: which inner products of the rows' gradients the balancer reads.
    """

    def __init__(
        self,
        terms: Sequence[BoundTerm],
        balancer: Balancer,
        state: TrainingState,
        wanted: bool = True,
        cond: Callable[..., Any] = ops.cond,
    ):
        self.terms = terms
        self.cond = cond
        self.balancer = balancer
        self.wanted = wanted
        self.state = state
        self.over = balancer.unwrapped if isinstance(balancer.unwrapped, Aggregator) else _Defaults()
        self.rows = _rows(terms, self.over.groups or ())
        self.products: Products = NormProducts() if balancer.needs is Needs.NORMS else GramianProducts()
        schedules = [schedule for term in terms for schedule in term.weight.schedules]
        self.history = History([term.name for term in terms], schedules, balancer, len(self.rows), state)

    @property
    def balanced(self) -> list[int]:
        """The indices of all balanced terms."""
        return sorted(index for row in self.rows for index in row)

    @property
    def reads_gradients(self) -> bool:
        """Whether the balancer needs backward passes of its own; a single row needs none."""
        return self.balancer.needs is not Needs.LOSSES and len(self.rows) > 1

    @property
    def reads_after_update(self) -> bool:
        """Whether the balancer wants the losses of the same batch after the update."""
        return self.balancer.reads_after_update and bool(self.rows)

    @property
    def has_objective(self) -> bool:
        """Whether the balancer minimises something other than the weighted sum."""
        return bool(self.rows) and type(self.balancer).objective is not Balancer.objective

    @property
    def splits_heads(self) -> bool:
        """Whether private variables get the gradient of the user-weighted sum instead of the balanced one."""
        return self.reads_gradients and self.over.heads == "unweighted"

    @property
    def every(self) -> int:
        """The number of steps for which weights are kept."""
        return self.over.every if self.reads_gradients else 1

    def initial_values(self) -> dict[str, Any]:
        """The balancer's variables, by key."""
        values: dict[str, Any] = dict(self.history.initial_values())
        if self.rows:
            state = as_state(self.balancer, self.balancer.init(len(self.rows)))
            values.update({f"balancer/{key}": value for key, value in state.items()})
        if self.every > 1:
            values[KEPT] = np.ones(len(self.rows), "float32")
        return values

    def weights(
        self, measured: Measured, products: ReadProducts | None, resting: Sequence[int] = ()
    ) -> tuple[Array, Array | None]:
        """The weights at the terms' places in a vector of ones, and the balancer's own objective; its state moves.

        Args:
            measured: the terms as vectors.
            products: computes the rows' norms and Gramian; None where the balancer reads losses, or nothing is shared.
            resting: rows that the balancer does not see, and that keep the user's weights.
        """
        if not self.rows:
            return ops.ones_like(measured.losses), None
        if not self.wanted:
            return ops.cast(measured.present, "float32"), None
        signals = self._signals(measured)
        present = ops.cast(signals.present, "float32")
        if products is None and self.balancer.needs is not Needs.LOSSES:
            return self._at_their_places(present), None
        if resting:
            seen = ops.convert_to_tensor(np.array([row not in resting for row in range(len(self.rows))]))
            signals = dataclasses.replace(
                signals,
                present=ops.logical_and(signals.present, seen),
                losses=ops.where(seen, signals.losses, ops.zeros_like(signals.losses)),
            )
        state = self.state.read("balancer/")
        if products is not None and self.every > 1:
            weights, after, objective = (*self._now_and_then(signals, state, products), None)
        else:
            signals = signals if products is None else _with_products(signals, *products())
            weights, after = self.balancer.weights(signals, state)
            objective = self.balancer.objective(signals, state)
        self.state.write("balancer/", after)
        if resting:
            weights = ops.where(seen, weights, ops.cast(present, weights.dtype))
        return self._at_their_places(weights), objective

    def _now_and_then(self, signals: Signals, state: State, products: ReadProducts) -> tuple[Array, State]:
        """New weights in every n-th applied step, those of the last one in between, without a backward pass."""
        kept, keys = self.state[KEPT].value * 1, sorted(state)

        def solve() -> list[Array]:
            full = _with_products(signals, *products())
            weights, after = self.balancer.weights(full, state)
            present = self.balancer.present(full)
            # A term that is absent now may be there before the next solve: it waits with the mean weight.
            mean = ops.sum(weights) / ops.maximum(ops.sum(ops.cast(present, "float32")), 1.0)
            return [ops.cast(ops.where(present, weights, mean), "float32"), *[after[key] for key in keys]]

        def reuse() -> list[Array]:
            return [kept, *[state[key] for key in keys]]

        due = ops.equal(ops.mod(signals.step, self.every), 0)
        weights, *after = self.cond(due, solve, reuse)
        self.state[KEPT].assign(weights)
        used = normalize_weights(weights, signals.present, self.balancer.normalize)
        return used, dict(zip(keys, after, strict=True))

    def after_update(self, losses: Array, measured: Measured) -> State:
        """The balancer's state after it read the losses of the updated weights.

        Args:
            losses: the terms' losses of the same batch at the updated weights, shape `(T,)`.
            measured: what the step measured before the update; its scales count.
        """
        again = dataclasses.replace(measured, losses=losses)
        return self.balancer.after_update(self._signals(again), self.state.read("balancer/"))

    def _signals(self, measured: Measured) -> Signals:
        """What the balancer reads, without gradients."""
        scaled = measured.losses / measured.divisors
        present, losses = measured.present, ops.where(measured.present, scaled, ops.zeros_like(scaled))
        if any(len(row) > 1 for row in self.rows):
            present = ops.stack([ops.any(ops.take(present, row, axis=0)) for row in self.rows])
            losses = ops.stack([ops.sum(ops.take(losses, row, axis=0)) for row in self.rows])
        elif len(self.rows) < len(self.terms):
            present, losses = (ops.take(vector, self.balanced, axis=0) for vector in (present, losses))
        noise_shape = self.balancer.noise_shape(len(self.rows))
        return Signals(
            losses=losses,
            present=present,
            step=self.state["step"].value,
            epoch=self.state["epoch"].value,
            noise=None if noise_shape is None else keras.random.uniform(noise_shape, seed=self.state.noise),
            monitored=self.history.monitored() if self.history.of_balancer else None,
        )

    def _at_their_places(self, weights: Array) -> Array:
        """The rows' weights at their terms' places in a vector of ones."""
        size = len(self.terms)
        if self.rows == [[index] for index in range(size)]:
            return weights
        places = np.zeros((size, len(self.rows)), "float32")
        for place, row in enumerate(self.rows):
            places[row, place] = 1.0
        rest = 1.0 - places.sum(axis=1)
        return ops.sum(ops.convert_to_tensor(places) * weights, axis=1) + ops.convert_to_tensor(rest)


def _with_products(signals: Signals, norms: Array, gramian: Array | None) -> Signals:
    return dataclasses.replace(signals, norms=norms, gramian=gramian)


class _Defaults:
    """What a balancer reads gradients over that is no aggregator and says nothing of it."""

    wrt = "shared"
    shared: str | None = None
    heads = "weighted"
    every = 1
    groups: Sequence[Sequence[str]] | None = None
    backward = "auto"


def _rows(terms: Sequence[BoundTerm], groups: Sequence[Sequence[str]]) -> list[list[int]]:
    """The balanced terms, those of a group together, in the order of their first terms."""
    indices = {term.name: term.index for term in terms if term.balanced}
    row_of: dict[str, list[int]] = {}
    for group in groups:
        row: list[int] = []
        for name in group:
            if name not in indices:
                raise unknown_name("balanced term in `groups`", name, indices)
            if name in row_of:
                raise invalid("`groups` must name every term at most once", received=f"{name!r} twice")
            row.append(indices[name])
            row_of[name] = row
    rows: list[list[int]] = []
    for name, index in indices.items():
        row = row_of.get(name, [index])
        if row not in rows:
            rows.append(row)
    return rows
