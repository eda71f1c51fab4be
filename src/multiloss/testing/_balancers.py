"""The contract of a balancer, checked on any object."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import keras
import numpy as np
from keras import ops

from .._core.balancer import Balancer, Signals
from .._core.errors import invalid
from .._core.properties import PROPERTIES
from .._core.registry import entry_of
from ._properties import TOLERANCE, Explorer, distance, reads_gradients
from ._runs import Arrays, Compiler, Inputs, Run, accepted_sizes, make_inputs
from ._samplers import sample_gradients

SIZES = (1, 2, 3, 20)


@dataclass(frozen=True)
class Subject:
    """A balancer under examination."""

    balancer: Balancer
    run: Run
    compile: Compiler | None
    sizes: list[int]

    def inputs(self) -> Iterable[Inputs]:
        """One input for each number of terms."""
        for size in self.sizes:
            yield make_inputs(self.balancer, np.random.default_rng(size).normal(size=(size, 2 * size + 1)))

    def require(self, holds: bool | np.bool_, contract: str) -> None:
        """Raises `AssertionError` with the broken contract."""
        if not holds:
            name = type(self.balancer).__name__
            arguments = ", ".join(f"{key}={value!r}" for key, value in self.balancer.get_config().items())
            raise AssertionError(f"{name}({arguments}): {contract}")


def check_balancer(
    balancer: Balancer,
    *,
    compile: Compiler | None = None,
    properties: Iterable[str] | None = None,
    num_terms: Sequence[int] = SIZES,
) -> None:
    """Checks that a balancer keeps the contract: for your own members, and for those of this library.

    It must come back from its config and through `keras.saving`; give K weights and a state of the same form, purely;
    give 0 to absent terms and leave their state, and solve the rest as if they were not there; be the identity for one
    term; sum to the number of terms; stay finite on zero, tiny and huge losses and gradients; give the same weights
    compiled; not care for the units of the gradients, if it reads the Gramian; and have the properties that it claims.
    A registered member must also lack those that it does not claim, in one of its registered cases.

    Args:
        balancer: the object.
        compile: such as `jax.jit`, `tf.function` or `torch.compile`; None leaves out that check.
        properties: the claims; None takes those of the registry, or none for an unregistered class.
        num_terms: the numbers of terms to try; those that `init` refuses with `ValueError` are left out.

    Raises:
        AssertionError: with one sentence that says which contract is broken.

    Example:
        >>> from multiloss.aggregation import PCGrad
        >>> from multiloss.testing import check_balancer
        >>> check_balancer(PCGrad(order="fixed"), num_terms=[2, 3])
    """
    sizes = accepted_sizes(balancer, num_terms)
    if not sizes:
        raise invalid("`num_terms` must hold a number of terms that the balancer accepts", received=list(num_terms))
    subject = Subject(balancer, Run(balancer, compile), compile, sizes)
    for check in CHECKS:
        check(subject)
    check_properties(balancer, compile=compile, properties=properties)


def check_properties(
    balancer: Balancer, *, compile: Compiler | None = None, properties: Iterable[str] | None = None
) -> None:
    """The claims, in both directions; see `check_balancer`."""
    entry = entry_of(type(balancer))
    claimed = set(properties if properties is not None else entry.properties if entry else ())
    name = type(balancer).__name__
    explorer = Explorer(balancer, compile)
    for claim in sorted(claimed):
        found = explorer.counterexample(claim)
        if found is not None:
            raise AssertionError(f"{name} claims {claim!r} ({PROPERTIES[claim]}), but {found}.")
    if entry is None or properties is not None:
        return
    family = [explorer, *(Explorer(entry.cls(**case), compile) for case in entry.cases)]
    for other in sorted(set(PROPERTIES) - claimed):
        if all(member.counterexample(other) is None for member in family):
            raise AssertionError(f"{name} does not claim {other!r}, but no sampler shows that it lacks it.")


def _serialises(subject: Subject) -> None:
    balancer, cls = subject.balancer, type(subject.balancer)
    config = balancer.get_config()
    try:
        json.dumps(config)
    except TypeError as error:
        subject.require(False, f"`get_config` must be plain data that JSON can hold ({error}).")
    subject.require(cls.from_config(config).get_config() == config, "`from_config(get_config())` must give the same.")
    try:
        again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(balancer))
    except Exception as error:
        raise AssertionError(
            f"{cls.__name__} must come back through `keras.saving`: "
            f"decorate it with `@keras.saving.register_keras_serializable()`. ({error})"
        ) from error
    subject.require(
        isinstance(again, cls) and again.get_config() == config, "`keras.saving` must give the same object back."
    )
    for inputs in list(subject.inputs())[:2]:
        alike = np.allclose(Run(again, subject.compile)(inputs)[0], subject.run(inputs)[0], rtol=1e-3)
        subject.require(alike, "what comes back must weigh alike.")


def _keeps_form_and_is_pure(subject: Subject) -> None:
    for inputs in subject.inputs():
        terms = len(inputs.losses)
        start = subject.run.start(terms)
        before = {name: value.copy() for name, value in start.items()}
        config = subject.balancer.get_config()
        tensors = {name: ops.convert_to_tensor(value) for name, value in start.items()}
        raw, _ = subject.balancer.raw_weights(Signals(**inputs.arrays()), tensors)
        subject.require(
            tuple(raw.shape) == (terms,), f"the raw weights must have shape ({terms},), they have {tuple(raw.shape)}."
        )
        weights, state = subject.run(inputs, start)
        subject.require(
            weights.shape == (terms,), f"the weights must have shape ({terms},), they have {weights.shape}."
        )
        subject.require(
            _form(state) == _form(before),
            f"the next state must have the form of `init`: {_form(before)}, not {_form(state)}.",
        )
        subject.require(subject.balancer.get_config() == config, "`weights` must not change the object.")
        again, next_state = subject.run(inputs, start)
        subject.require(_equal(start, before), "`weights` must not change the state that it is given.")
        subject.require(
            np.array_equal(weights, again) and _equal(state, next_state),
            "the same signals and state must give the same weights and state.",
        )


def _compiles(subject: Subject) -> None:
    if subject.compile is None:
        return
    for inputs in list(subject.inputs())[:3]:
        eager, state = Run(subject.balancer)(inputs, steps=3)
        compiled, compiled_state = subject.run(inputs, steps=3)
        far = distance(eager.astype(float), compiled.astype(float), inputs.gramian, reads_gradients(subject.balancer))
        subject.require(far < TOLERANCE, f"compiled weights must equal the others, they differ by {far:.3g}.")
        subject.require(
            all(np.allclose(state[name], compiled_state[name], rtol=1e-3, atol=1e-5) for name in state),
            "the compiled state must equal the other.",
        )


def _leaves_absent_terms(subject: Subject) -> None:
    for inputs in subject.inputs():
        terms = len(inputs.losses)
        if terms < 2:
            continue
        state = subject.run(inputs)[1]
        rest = np.arange(terms - 1)
        weights, moved = subject.run(_without_last(inputs), state)
        subject.require(weights[-1] == 0.0, f"an absent term must get exactly 0, it gets {weights[-1]}.")
        subject.require(bool(np.isfinite(weights).all()), "what stands in the rows of absent terms must not matter.")
        for name, value in moved.items():
            if value.ndim and value.shape[0] == terms:
                subject.require(
                    np.array_equal(value[-1], state[name][-1]), f"the state {name!r} of an absent term must not move."
                )
        if terms - 1 in subject.sizes:
            alone, _ = subject.run(inputs.selected(rest))
            together, _ = subject.run(_without_last(inputs))
            gramian = inputs.selected(rest).gramian
            far = distance(alone.astype(float), together[:-1].astype(float), gramian, reads_gradients(subject.balancer))
            subject.require(
                far < TOLERANCE, f"the present terms must be weighed as if alone, they differ by {far:.3g}."
            )


def _is_identity_for_one(subject: Subject) -> None:
    if subject.balancer.normalize != "sum_to_k":
        return
    for inputs in subject.inputs():
        present = np.arange(len(inputs.losses)) == 0
        weights, _ = subject.run(replace(inputs, present=present))
        subject.require(
            weights[0] == 1.0 and not weights[1:].any(), f"a single present term must get exactly 1, it gets {weights}."
        )


def _sums_to_count(subject: Subject) -> None:
    for inputs in subject.inputs():
        none, _ = subject.run(replace(inputs, present=np.zeros_like(inputs.present)))
        subject.require(not none.any(), "when all terms are absent, all weights must be 0.")
        if subject.balancer.normalize == "sum_to_k":
            weights, _ = subject.run(inputs)
            total = float(np.sum(np.abs(weights)))
            subject.require(
                abs(total - len(weights)) < 1e-4 * len(weights),
                f"the weights must sum to K = {len(weights)}, not {total}.",
            )


def _stays_finite(subject: Subject) -> None:
    for inputs in subject.inputs():
        extremes = {
            f"losses times {factor:g}": replace(inputs, losses=inputs.losses * factor) for factor in (0.0, 1e-30, 1e30)
        }
        extremes |= {
            f"gradients times {factor:g}": replace(inputs, gramian=inputs.gramian * factor**2)
            for factor in (0.0, 1e-12, 1e12)
        }
        extremes["one loss of 0"] = replace(inputs, losses=inputs.losses * (np.arange(len(inputs.losses)) > 0))
        for what, extreme in extremes.items():
            weights, state = subject.run(extreme, steps=2)
            finite = np.isfinite(weights).all() and all(np.isfinite(value).all() for value in state.values())
            subject.require(bool(finite), f"weights and state must stay finite for {what}.")


def _ignores_units(subject: Subject) -> None:
    if not reads_gradients(subject.balancer) or subject.balancer.normalize != "sum_to_k":
        return
    for size in subject.sizes:
        for sample in sample_gradients(size):
            inputs = make_inputs(subject.balancer, sample.jacobian)
            # A power of two: no new rounding, on which degenerate gradients would depend.
            factor = 2.0**-20 if sample.name != "tiny" else 2.0**20
            weights, _ = subject.run(inputs)
            scaled, _ = subject.run(inputs.scaled(factor))
            far = distance(weights.astype(float), scaled.astype(float), inputs.gramian, True)
            subject.require(
                far < TOLERANCE,
                f"gradients times {factor:g} must get the same weights, on {sample.name!r} they differ by {far:.3g}.",
            )


def _objective_has_these_weights(subject: Subject) -> None:
    """By central differences: the published weights are the derivative of the objective by each loss."""
    balancer = subject.balancer
    for inputs in subject.inputs():
        state = {name: ops.convert_to_tensor(value) for name, value in subject.run.start(len(inputs.losses)).items()}
        signals = Signals(**inputs.arrays())
        if balancer.objective(signals, state) is None:
            return
        raw = ops.convert_to_numpy(balancer.raw_weights(signals, state)[0])
        for index, loss in enumerate(inputs.losses):
            step = 0.02 * loss * (np.arange(len(inputs.losses)) == index)
            up, down = (
                float(
                    balancer.objective(Signals(**replace(inputs, losses=inputs.losses + sign * step).arrays()), state)
                )
                for sign in (1.0, -1.0)
            )
            slope = (up - down) / (0.04 * loss)
            subject.require(
                abs(slope - raw[index]) < 1e-2 * abs(raw[index]) + 1e-3,
                f"the raw weight {raw[index]:.4g} must be the derivative of `objective` by the loss, {slope:.4g}.",
            )


def _without_last(inputs: Inputs) -> Inputs:
    """The last term absent, its loss 0 and its gradient unknown."""
    last = np.arange(len(inputs.losses)) == len(inputs.losses) - 1
    gramian = np.where(last[:, None] | last[None, :], np.nan, inputs.gramian)
    return replace(inputs, losses=np.where(last, 0.0, inputs.losses), gramian=gramian, present=~last)


def _form(state: Arrays) -> dict[str, Any]:
    return {name: (value.shape, str(value.dtype)) for name, value in state.items()}


def _equal(state: Arrays, other: Arrays) -> bool:
    return all(np.array_equal(state[name], other[name]) for name in state)


CHECKS: tuple[Callable[[Subject], None], ...] = (
    _keeps_form_and_is_pure,
    _serialises,
    _compiles,
    _leaves_absent_terms,
    _is_identity_for_one,
    _sums_to_count,
    _stays_finite,
    _ignores_units,
    _objective_has_these_weights,
)
