"""The objective of a model: its terms' values, scales, user's weights and balancer, as vectors in term order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops

from .._core.aggregator import Aggregator
from .._core.balancer import Balancer, Needs, Signals
from .._core.scale import Observation
from .._core.typing import Array
from ..terms import Batch, TermValue
from ._bound import BoundTerm
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


class Objective:
    """Knows the terms and the balancer; computes what a step minimises. All its state is in `TrainingState`."""

    def __init__(self, terms: Sequence[BoundTerm], balancer: Balancer, state: TrainingState):
        self.terms = terms
        self.balancer = balancer
        self.state = state
        self.balanced = [term.index for term in terms if term.balanced]

    @property
    def reads_gradients(self) -> bool:
        """Whether the balancer needs backward passes of its own; a single term needs none."""
        return self.balancer.needs is not Needs.LOSSES and len(self.balanced) > 1

    @property
    def splits_heads(self) -> bool:
        """Whether private variables get the gradient of the user-weighted sum instead of the balanced one."""
        return self.reads_gradients and isinstance(self.balancer, Aggregator) and self.balancer.heads == "unweighted"

    def initial_values(self) -> dict[str, Any]:
        """The variables that scales and balancer need, by key."""
        values: dict[str, Any] = {"step": np.int32(0), "epoch": np.int32(0)}
        for term in self.terms:
            if term.scale is not None:
                values.update({f"scale/{term.name}/{key}": value for key, value in term.scale.init().items()})
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
            one = ops.ones((), "float32")
            values.append(TermValue(total, one, batch.size, batch.size))
        return values

    def user_weights(self, final: bool = False) -> Array:
        """The user's weights, shape `(T,)`; `final=True` counts schedules with their last value, as evaluation does."""
        weights = self.state["user_weights"].value * 1
        factors: list[Any] = [None] * len(self.terms)
        step, epoch = self.state["step"].value, self.state["epoch"].value
        for term in self.terms:
            for schedule in term.weight.schedules:
                value = schedule.final() if final else schedule.value(step, epoch)
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
        vector = _stack(losses)
        present = ops.logical_and(ops.stack([value.present for value in values]), ops.not_equal(user, 0.0))
        divisors = [self._divisor(term, values[term.index], losses[term.index], training) for term in self.terms]
        return Measured(vector, present, user, _stack(divisors))

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

    def balance(self, measured: Measured, gramian: Array | None) -> tuple[Array, Array | None]:
        """The balancer's weights as a vector of length T (1 for terms that are not balanced), and its objective."""
        if not self.balanced:
            return ops.ones_like(measured.losses), None
        signals = self._signals(measured, gramian)
        state = self.state.read("balancer/")
        objective = None
        if len(self.balanced) == 1 and self.balancer.needs is not Needs.LOSSES:
            weights = ops.cast(signals.present, "float32")
        else:
            weights, after = self.balancer.weights(signals, state)
            objective = self.balancer.objective(signals, state)
            self.state.write("balancer/", after)
        weights = ops.where(signals.present, weights, ops.zeros_like(weights))
        full = _scatter(weights, self.balanced, len(self.terms))
        if objective is not None:
            objective = objective + self._outside_balance(measured)
        return full, objective

    def _outside_balance(self, measured: Measured) -> Array:
        outside = np.ones(len(self.terms), "float32")
        outside[self.balanced] = 0.0
        return ops.sum(measured.user * measured.losses / measured.divisors * ops.convert_to_tensor(outside))

    def _signals(self, measured: Measured, gramian: Array | None) -> Signals:
        scaled = ops.take(measured.losses / measured.divisors, self.balanced, axis=0)
        present = ops.take(measured.present, self.balanced, axis=0)
        noise_shape = self.balancer.noise_shape(len(self.balanced))
        noise = None if noise_shape is None else keras.random.uniform(noise_shape, seed=self.state.noise)
        return Signals(
            losses=ops.where(present, scaled, ops.zeros_like(scaled)),
            present=present,
            norms=None if gramian is None else ops.sqrt(ops.maximum(ops.diagonal(gramian), 0.0)),
            gramian=gramian,
            step=self.state["step"].value,
            epoch=self.state["epoch"].value,
            noise=noise,
        )

    def log_rows(
        self, values: Sequence[TermValue], measured: Measured, weights: Array, objective: Array | None, training: bool
    ) -> tuple[Array, Array]:
        """What the tracker adds for one batch: the matrix of rows and the vector of totals."""
        numerators = _stack([value.numerator for value in values])
        denominators = _stack([value.denominator for value in values])
        has_label = denominators > 0
        numerators = ops.where(has_label, numerators, ops.zeros_like(numerators))
        scaled = measured.user * numerators / measured.divisors
        samples = ops.cast(values[0].samples, "float32")
        rows = ops.stack([numerators, denominators, _stack([v.labelled for v in values]), scaled, weights * samples])
        loss = ops.sum(weights * measured.losses)
        evaluated = np.float32(0.0 if training else 1.0)
        totals = _stack([loss * samples, (loss if objective is None else objective) * samples, samples, evaluated])
        return rows, totals


def weight_vectors(measured: Measured, balance: Array) -> tuple[Array, Array]:
    """The full weights of the balanced sum, and those of the user-weighted sum; shape `(T,)` each."""
    plain = measured.user / measured.divisors
    return plain * balance, plain


def _stack(values: Sequence[Any]) -> Array:
    return ops.stack([ops.cast(value, "float32") for value in values])


def _scatter(weights: Array, indices: Sequence[int], size: int) -> Array:
    """Weights of the balanced terms at their places in a vector of ones."""
    if len(indices) == size:
        return weights
    places = np.zeros((size, len(indices)), "float32")
    places[indices, np.arange(len(indices))] = 1.0
    rest = 1.0 - places.sum(axis=1)
    return ops.sum(ops.convert_to_tensor(places) * weights, axis=1) + ops.convert_to_tensor(rest)
