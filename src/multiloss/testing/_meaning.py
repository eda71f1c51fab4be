"""The contract of a balancer, second half: absent terms, sums, extremes, units, the objective."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from keras import ops

from .._core.balancer import Signals
from ._properties import TOLERANCE, distance, reads_gradients
from ._runs import Inputs, make_inputs
from ._samplers import sample_gradients
from ._subject import Subject


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
        if balancer.objective(Signals(**inputs.arrays()), state) is None:
            return
        raw = ops.convert_to_numpy(balancer.raw_weights(Signals(**inputs.arrays()), state)[0])
        for index, loss in enumerate(inputs.losses):
            step = 0.02 * loss * (np.arange(len(inputs.losses)) == index)
            values = [
                ops.convert_to_numpy(balancer.objective(Signals(**replace(inputs, losses=losses).arrays()), state))
                for losses in (inputs.losses + step, inputs.losses - step)
            ]
            slope = (float(values[0]) - float(values[1])) / (0.04 * loss)
            subject.require(
                abs(slope - raw[index]) < 1e-2 * abs(raw[index]) + 1e-3,
                f"the raw weight {raw[index]:.4g} must be the derivative of `objective` by the loss, {slope:.4g}.",
            )


def _without_last(inputs: Inputs) -> Inputs:
    """The last term absent, its loss 0 and its gradient unknown."""
    last = np.arange(len(inputs.losses)) == len(inputs.losses) - 1
    gramian = np.where(last[:, None] | last[None, :], np.nan, inputs.gramian)
    return replace(inputs, losses=np.where(last, 0.0, inputs.losses), gramian=gramian, present=~last)


CHECKS = (
    _leaves_absent_terms,
    _is_identity_for_one,
    _sums_to_count,
    _stays_finite,
    _ignores_units,
    _objective_has_these_weights,
)
