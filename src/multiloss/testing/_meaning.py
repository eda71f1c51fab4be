"""The contract of a balancer, second half: absent terms, sums, units, the objective."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .._core.balancer import Balancer
from ._extremes import stays_finite
from ._inputs import Inputs, make_inputs
from ._properties import TOLERANCE, distance, reads_gradients
from ._runs import Arrays
from ._samplers import sample_gradients
from ._subject import Subject, without_last


def _leaves_absent_terms(subject: Subject) -> None:
    for inputs in subject.inputs():
        terms = len(inputs.losses)
        if terms < 2:
            continue
        steps = subject.steps(inputs)
        state = subject.run(inputs, steps=steps)[1]
        weights, moved = subject.run(replace(without_last(inputs), step=steps), state)
        subject.require(weights[-1] == 0.0, f"an absent term must get exactly 0, it gets {weights[-1]}.")
        subject.require(bool(np.isfinite(weights).all()), "what stands in the rows of absent terms must not matter.")
        for name, value in moved.items():
            if value.ndim and value.shape[0] == terms:
                subject.require(
                    np.array_equal(value[-1], state[name][-1]), f"the state {name!r} of an absent term must not move."
                )
        if terms - 1 in subject.sizes:
            rest = inputs.selected(np.arange(terms - 1))
            alone, _ = subject.run(rest, steps=steps)
            together, _ = subject.run(without_last(inputs), steps=steps)
            reads = reads_gradients(subject.balancer)
            far = distance(alone.astype(float), together[:-1].astype(float), rest.gramian, reads)
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
    """The published weights are the derivative of the objective by each loss: at the start, and later."""
    if type(subject.balancer).objective is Balancer.objective:
        return
    for inputs in (subject.pair(), subject.inputs()[-1]):
        start = subject.run.start(len(inputs.losses))
        _compare_with_slopes(subject, inputs, start)
        if start:
            steps = subject.steps(inputs)
            _compare_with_slopes(subject, replace(inputs, step=steps), subject.run(inputs, steps=steps)[1])


def _compare_with_slopes(subject: Subject, inputs: Inputs, state: Arrays) -> None:
    """By central differences; of many terms the first and the last."""
    raw, value = subject.run.published(inputs, state)
    if value is None:
        return
    for index in sorted({0, len(raw) - 1}):
        step = 0.02 * inputs.losses * (np.arange(len(raw)) == index)
        upper, lower = (
            float(subject.run.published(replace(inputs, losses=losses), state)[1])
            for losses in (inputs.losses + step, inputs.losses - step)
        )
        slope = (upper - lower) / (2 * step[index])
        subject.require(
            abs(slope - raw[index]) < 1e-2 * abs(raw[index]) + 1e-3,
            f"the raw weight {raw[index]:.4g} must be the derivative of `objective` by the loss, {slope:.4g}.",
        )


CHECKS = (
    _leaves_absent_terms,
    _is_identity_for_one,
    _sums_to_count,
    stays_finite,
    _ignores_units,
    _objective_has_these_weights,
)
