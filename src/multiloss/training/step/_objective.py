"""The objective of a model: its terms' values, scales, user's weights and balancer, as vectors in term order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from keras import ops

from ..._core.balancer import Balancer
from ..._core.linalg import stack
from ..._core.scale import Observation
from ..._core.typing import Array
from ...terms import Batch, TermValue
from ..logs import StepRecord, TermSums, Totals
from ..reading import BoundTerm, TrainingState
from ._balancing import Balancing, ReadProducts
from ._constraints import Constraints
from ._measured import Measured
from ._replicas import Replicas


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
        replicas: who else takes a part in the steps.
    """

    def __init__(
        self,
        terms: Sequence[BoundTerm],
        balancer: Balancer,
        state: TrainingState,
        balances: bool = True,
        replicas: Replicas | None = None,
    ):
        self.terms = terms
        self.state = state
        self.replicas = replicas or Replicas()
        self.balancing = Balancing(terms, balancer, state, balances, self.replicas.cond)
        self.constraints = Constraints(terms, state)
        self.history = self.balancing.history
        self.scheduled = [term for term in terms if term.weight.schedules]

    @property
    def has_own_objective(self) -> bool:
        """Whether something other than the weighted sum is minimised, and logged as `objective`."""
        return self.balancing.has_objective or bool(self.constraints)

    def initial_values(self) -> dict[str, Any]:
        """The variables that scales and balancer need, by key."""
        values: dict[str, Any] = {"step": np.int32(0), "epoch": np.int32(0)}
        for term in self.terms:
            if term.scale is not None:
                values.update({term.scale_prefix + key: value for key, value in term.scale.init().items()})
        values.update(self.constraints.initial_values())
        values.update(self.balancing.initial_values())
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
        if not self.scheduled:
            return weights
        progress = self.history.progress()
        for term in self.scheduled:
            for schedule in term.weight.schedules:
                value = schedule.final() if final else schedule.value(progress)
                factors[term.index] = value if factors[term.index] is None else factors[term.index] * value
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
        present = ops.logical_and(labelled, ops.not_equal(user, ops.zeros_like(user)))
        divisors, known = zip(
            *(self._divisor(term, values[term.index], losses[term.index], training) for term in self.terms), strict=True
        )
        if not all(entry is True for entry in known):
            # What cannot be scaled yet takes no part in a step, and makes no yardstick.
            scaled = stack(known, "bool")
            user = ops.where(scaled, user, np.float32(0.0 if training else np.nan))
            present = ops.logical_and(present, scaled)
        if training and self.history.reads_losses:
            self.history.remember_losses(vector, labelled)
        scales = stack(divisors)
        return Measured(vector, present, user, scales, user / scales)

    def _divisor(self, term: BoundTerm, value: TermValue, loss: Array, training: bool) -> tuple[Any, Any]:
        """The divisor, and whether it is known."""
        scale = term.scale
        if scale is None or not (training or scale.fixed):
            return np.float32(1.0), True
        if scale.known is not None:
            return np.float32(scale.known), True
        prefix = term.scale_prefix
        gather = self.replicas.gather if self.replicas.count > 1 else None
        observation = Observation(loss, value.present, value.targets, value.mask, training, gather)
        divisor, state = scale.divisor(observation, self.state.read(prefix))
        if training:
            self.state.write(prefix, state)
        return divisor, scale.is_known(state)

    def balance(self, measured: Measured, products: ReadProducts | None, resting: Sequence[int] = ()) -> Balance:
        """Asks the balancer and the constraints; their state moves.

        Args:
            measured: the terms as vectors.
            products: see `Balancing.weights`.
            resting: see `Balancing.weights`.
        """
        weights, objective = self.balancing.weights(measured, products, resting)
        if not self.constraints.terms:
            if objective is not None:
                objective = objective + self._sum(measured, balanced=False)
            return Balance(weights, objective, None)
        constrained = self.constraints.step(measured.losses, measured.present, measured.user, measured.divisors)
        if objective is None:
            objective = self._sum(measured, balanced=True, factors=weights)
        objective = objective + self._sum(measured, balanced=False) + constrained.energy
        return Balance(weights * constrained.factors, objective, constrained.logs)

    def _sum(self, measured: Measured, *, balanced: bool, factors: Array | None = None) -> Array:
        """The weighted sum of the balanced terms, or of those that are neither balanced nor constraints."""
        in_balance = self.balancing.balanced
        constrained = [term.index for term in self.constraints.terms]
        every = range(len(self.terms))
        chosen = [float((index in in_balance) == balanced and index not in constrained) for index in every]
        terms = measured.user * measured.losses / measured.divisors * stack(chosen)
        return ops.sum(terms if factors is None else terms * factors)

    def record(
        self, values: Sequence[TermValue], measured: Measured, weights: Array, balance: Balance | None
    ) -> StepRecord:
        """What the tracker adds for one batch; no balance in evaluation."""
        denominators = stack([value.denominator for value in values])
        numerators = measured.losses * denominators
        samples = stack([values[0].samples])[0]
        labelled = stack([value.labelled for value in values])
        scaled = measured.user * numerators / measured.divisors if balance is None else ops.zeros_like(numerators)
        loss = ops.sum(weights * measured.losses)
        objective = loss if balance is None or balance.objective is None else balance.objective
        evaluated = np.float32(1.0 if balance is None else 0.0)
        return StepRecord(
            TermSums(numerators, denominators, labelled, scaled, weights * samples),
            Totals(loss * samples, objective * samples, samples, evaluated),
            None if balance is None else balance.constraints,
        )
