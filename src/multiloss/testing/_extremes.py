"""The contract of a balancer on hard numbers: its weights and its state stay finite, whatever was before."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from .._core.balancer import Needs
from ._inputs import Inputs
from ._runs import Arrays
from ._subject import Subject, without_last


def stays_finite(subject: Subject) -> None:
    """Tries every extreme alone and, where the balancer has a memory, before and after an ordinary history."""
    for inputs in subject.inputs():
        steps = subject.steps(inputs)
        state = subject.run(inputs, steps=steps)[1]
        for what, extreme in _extremes(subject, inputs):
            reached = _run(subject, extreme, None, min(steps, 2), what)
            if not state:
                continue
            _run(subject, replace(inputs, step=2), reached, 2, f"what follows {what}")
            after = _run(subject, replace(extreme, step=steps), state, 2, f"{what}, later")
            _run(subject, replace(inputs, step=steps + 2), after, 2, f"what follows {what}, later")


def _run(subject: Subject, inputs: Inputs, state: Arrays | None, steps: int, what: str) -> Arrays:
    weights, after = subject.run(inputs, state, steps=steps)
    finite = np.isfinite(weights).all() and all(np.isfinite(value).all() for value in after.values())
    subject.require(bool(finite), f"weights and state must stay finite for {what}.")
    return after


def _extremes(subject: Subject, inputs: Inputs) -> Iterator[tuple[str, Inputs]]:
    first = np.arange(len(inputs.losses)) == 0
    for factor in (0.0, 1e-30, 1e30):
        yield f"losses times {factor:g}", replace(inputs, losses=inputs.losses * factor)
    yield "one loss of 0", replace(inputs, losses=np.where(first, 0.0, inputs.losses))
    yield "one loss of 1e30", replace(inputs, losses=np.where(first, 1e30, inputs.losses))
    yield "one negative loss", replace(inputs, losses=np.where(first, -inputs.losses, inputs.losses))
    yield "negative losses", replace(inputs, losses=-inputs.losses)
    yield "losses that do not move", inputs.steady()
    yield "an absent term", without_last(inputs)
    if inputs.monitored is not None:
        yield "logs that are not known", replace(inputs, monitored=np.full_like(inputs.monitored, np.nan))
        yield "logs of 0", replace(inputs, monitored=np.zeros_like(inputs.monitored))
    if subject.balancer.needs is not Needs.LOSSES:
        for factor in (0.0, 1e-12, 1e12):
            yield f"gradients times {factor:g}", replace(inputs, gramian=inputs.gramian * factor**2)
