"""The objective of a model: its terms' values, scales, user's weights and balancer, as vectors in term order."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops

from .._core.aggregator import Aggregator
from .._core.balancer import Balancer, Needs, Signals
from .._core.scale import Observation
from .._core.typing import Array, State
from ..terms import Batch, TermValue
from ._bound import BoundTerm
from ._constraints import Constraints
from ._progress import Memory
from ._state import TrainingState


@dataclass(frozen=True)
class Measured:
    """The terms of one batch as vectors of length T, detached.

    Attributes:
        losses: raw losses.
        present: whether a term takes part: it has a label and a user's weight other than 0.
        user: the user's weights, schedules included.
        divisors: the scales.
    """

    losses: Array
    present: Array
    user: Array
    divisors: Array


@dataclass(frozen=True)
class Balance:
    """What balancer and constraints gave in one step.

    Attributes:
        factors: shape `(T,)`: 1 for terms that are neither balanced nor constraints.
        objective: the scalar whose derivative by the losses the weights are, where it differs from the weighted sum.
        constraints: multipliers and violations, shape `(2, C)`; None without constraints.
    """

    factors: Array
    objective: Array | None
    constraints: Array | None


class Objective:
    """Knows the terms and the balancer; computes what a step minimises. All its state is in `TrainingState`.

    Args:
        terms: the bound terms, in order.
        balancer: the balancer.
        state: where all variables are.
        balances: False where nobody asked for balancing, so that equal weights need not be computed.
    """

    def __init__(self, terms: Sequence[BoundTerm], balancer: Balancer, state: TrainingState, balances: bool = True):
        self.terms = terms
        self.balancer = balancer
        self.balances = balances
        self.state = state
        self.balanced = [term.index for term in terms if term.balanced]
        self.constraints = Constraints(terms, state)
        schedules = [schedule for term in terms for schedule in term.weight.schedules]
        self.memory = Memory([term.name for term in terms], schedules, balancer, len(self.balanced), state)

    @property
    def reads_gradients(self) -> bool:
        """Whether the balancer needs backward passes of its own; a single term needs none."""
        return self.balancer.needs is not Needs.LOSSES and len(self.balanced) > 1

    @property
    def aggregator(self) -> Balancer:
        """The balancer that says over what gradients are read, inside any wrapper."""
        return self.balancer.unwrapped

    @property
    def looks_again(self) -> bool:
        """Whether the balancer wants the losses of the same batch after the update."""
        return self.balancer.looks_again and bool(self.balanced)

    @property
    def has_own_objective(self) -> bool:
        """Whether something other than the weighted sum is minimised, and logged as `objective`."""
        of_balancer = bool(self.balanced) and type(self.balancer).objective is not Balancer.objective
        return of_balancer or bool(self.constraints)

    @property
    def splits_heads(self) -> bool:
        """Whether private variables get the gradient of the user-weighted sum instead of the balanced one."""
        aggregator = self.aggregator
        return self.reads_gradients and isinstance(aggregator, Aggregator) and aggregator.heads == "unweighted"

    def initial_values(self) -> dict[str, Any]:
        """The variables that scales and balancer need, by key."""
        values: dict[str, Any] = {"step": np.int32(0), "epoch": np.int32(0)}
        for term in self.terms:
            if term.scale is not None:
                values.update({f"scale/{term.name}/{key}": value for key, value in term.scale.init().items()})
        values.update(self.memory.initial_values())
        values.update(self.constraints.initial_values())
        if self.balanced:
            state = self.balancer.init(len(self.balanced))
            values.update({f"balancer/{key}": value for key, value in state.items()})
        return values

    def evaluate(self, batch: Batch, extra_losses: Sequence[Array]) -> list[TermValue]:
        """Every term's value, in order; the model's own losses are summed into one term."""
        values = []
        for term in self.terms:
            if term.description is not None:
                values.append(term.description.evaluate(term.name, batch))
                continue
            total = sum((ops.sum(ops.cast(loss, "float32")) for loss in extra_losses), ops.zeros((), "float32"))
            values.append(TermValue(total, np.float32(1.0), batch.size, batch.size))
        return values

    def user_weights(self, final: bool = False) -> Array:
        """The user's weights, shape `(T,)`; `final=True` counts schedules with their last value, as evaluation does."""
        weights = self.state["user_weights"].value * 1
        factors: list[Any] = [None] * len(self.terms)
        progress = self.memory.progress()
        for term in self.terms:
            for schedule in term.weight.schedules:
                value = schedule.final() if final else schedule.value(progress)
                factors[term.index] = value if factors[term.index] is None else factors[term.index] * value
        if all(factor is None for factor in factors):
            return weights
        one = np.float32(1.0)
        return weights * ops.stack([ops.cast(one if f is None else f, "float32") for f in factors])

    def measure(self, values: Sequence[TermValue], losses: Sequence[Array], training: bool) -> Measured:
        """Brings a batch's values into vectors; in training the running scales move.

        Args:
            values: the terms' values, detached.
            losses: the terms' losses, detached scalars.
            training: False uses fixed scales only.
        """
        user = self.user_weights(final=not training)
        vector = stack(losses)
        labelled = stack([value.present for value in values], "bool")
        present = ops.logical_and(labelled, ops.not_equal(user, 0.0))
        divisors = [self._divisor(term, values[term.index], losses[term.index], training) for term in self.terms]
        if training:
            self.memory.remember_losses(vector, labelled)
        return Measured(vector, present, user, stack(divisors))

    def _divisor(self, term: BoundTerm, value: TermValue, loss: Array, training: bool) -> Any:
        scale = term.scale
        if scale is None or not (training or scale.fixed):
            return np.float32(1.0)
        prefix = f"scale/{term.name}/"
        observation = Observation(loss, value.present, value.targets, value.mask, training)
        divisor, state = scale.divisor(observation, self.state.read(prefix))
        if training:
            self.state.write(prefix, state)
        return divisor

    def balance(self, measured: Measured, products: Array | None) -> Balance:
        """Asks the balancer and the constraints; their state moves.

        Args:
            measured: the terms as vectors.
            products: inner products of the balanced terms' gradients, shape `(K, K)`, or their squared lengths,
                shape `(K,)`; None where the balancer reads losses.
        """
        weights, objective = self._balanced_weights(measured, products)
        if not self.constraints:
            if objective is not None:
                objective = objective + self._sum(measured, balanced=False)
            return Balance(weights, objective, None)
        pressed = self.constraints.press(measured.losses, measured.present, measured.user, measured.divisors)
        if objective is None:
            objective = self._sum(measured, balanced=True, factors=weights)
        objective = objective + self._sum(measured, balanced=False) + pressed.energy
        return Balance(weights * pressed.factors, objective, pressed.logs)

    def _balanced_weights(self, measured: Measured, products: Array | None) -> tuple[Array, Array | None]:
        """The balancer's weights at their places in a vector of ones, and its own objective."""
        if not self.balanced:
            return ops.ones_like(measured.losses), None
        if not self.balances:
            return ops.cast(measured.present, "float32"), None
        signals = self._signals(measured, products)
        state = self.state.read("balancer/")
        objective = None
        if len(self.balanced) == 1 and self.balancer.needs is not Needs.LOSSES:
            weights = ops.cast(signals.present, "float32")
        else:
            weights, after = self.balancer.weights(signals, state)
            objective = self.balancer.objective(signals, state)
            self.state.write("balancer/", after)
        return _scatter(weights, self.balanced, len(self.terms)), objective

    def look_again(self, losses: Sequence[Array], measured: Measured) -> State:
        """The balancer's state after a second look.

        Args:
            losses: the terms' losses of the same batch at the updated weights.
            measured: what the step measured before the update; its scales count.
        """
        again = dataclasses.replace(measured, losses=stack(losses))
        return self.balancer.look_again(self._signals(again, None), self.state.read("balancer/"))

    def _sum(self, measured: Measured, *, balanced: bool, factors: Array | None = None) -> Array:
        """The weighted sum of the balanced terms, or of those that are neither balanced nor constraints."""
        chosen = np.zeros(len(self.terms), "float32")
        constrained = [term.index for term in self.constraints.terms]
        chosen[[i for i in range(len(self.terms)) if (i in self.balanced) == balanced and i not in constrained]] = 1.0
        terms = measured.user * measured.losses / measured.divisors * ops.convert_to_tensor(chosen)
        return ops.sum(terms if factors is None else terms * factors)

    def _signals(self, measured: Measured, products: Array | None) -> Signals:
        scaled, present = measured.losses / measured.divisors, measured.present
        if len(self.balanced) < len(self.terms):
            scaled, present = (ops.take(vector, self.balanced, axis=0) for vector in (scaled, present))
        noise_shape = self.balancer.noise_shape(len(self.balanced))
        noise = None if noise_shape is None else keras.random.uniform(noise_shape, seed=self.state.noise)
        squares, gramian = products, None
        if products is not None and len(products.shape) == 2:
            squares, gramian = ops.diagonal(products), products
        return Signals(
            losses=ops.where(present, scaled, ops.zeros_like(scaled)),
            present=present,
            norms=None if squares is None else ops.sqrt(ops.maximum(squares, 0.0)),
            gramian=gramian,
            step=self.state["step"].value,
            epoch=self.state["epoch"].value,
            noise=noise,
            monitored=self.memory.monitored(),
        )

    def log_rows(
        self, values: Sequence[TermValue], measured: Measured, weights: Array, balance: Balance | None
    ) -> tuple[Array, Array]:
        """What the tracker adds for one batch: the matrix of rows, the vector of totals; no balance in evaluation."""
        denominators = stack([value.denominator for value in values])
        numerators = measured.losses * denominators
        samples = stack([values[0].samples])[0]
        labelled = stack([value.labelled for value in values])
        scaled = measured.user * numerators / measured.divisors if balance is None else ops.zeros_like(numerators)
        rows = ops.stack([numerators, denominators, labelled, scaled, weights * samples])
        loss = ops.sum(weights * measured.losses)
        objective = loss if balance is None or balance.objective is None else balance.objective
        evaluated = np.float32(1.0 if balance is None else 0.0)
        totals = stack([loss * samples, objective * samples, samples, evaluated])
        return rows, totals


def weight_vectors(measured: Measured, balance: Array) -> tuple[Array, Array]:
    """The full weights of the balanced sum, and those of the user-weighted sum; shape `(T,)` each."""
    plain = measured.user / measured.divisors
    return plain * balance, plain


def stack(values: Sequence[Any], dtype: str = "float32") -> Array:
    """Scalars as a vector; numbers known beforehand become a constant."""
    if not any(ops.is_tensor(value) for value in values):
        return ops.convert_to_tensor(np.array(values, dtype))
    return ops.stack([value if _has_dtype(value, dtype) else ops.cast(value, dtype) for value in values])


def _has_dtype(value: Any, dtype: str) -> bool:
    return ops.is_tensor(value) and str(value.dtype).endswith(dtype)


def _scatter(weights: Array, indices: Sequence[int], size: int) -> Array:
    """Weights of the balanced terms at their places in a vector of ones."""
    if len(indices) == size:
        return weights
    places = np.zeros((size, len(indices)), "float32")
    places[indices, np.arange(len(indices))] = 1.0
    rest = 1.0 - places.sum(axis=1)
    return ops.sum(ops.convert_to_tensor(places) * weights, axis=1) + ops.convert_to_tensor(rest)
