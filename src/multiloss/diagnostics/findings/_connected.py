"""Terms that teach nothing: no way to the weights, no gradient on it, or no weight."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..._core.wording import percent
from .._finding import Finding, check
from .._measurements import Measurements


@check(gradients=True)
def not_connected(measurements: Measurements) -> Iterator[Finding]:
    """No trainable variable is on the way to the loss."""
    measured = measurements.measured
    assert measured is not None
    for index, name in enumerate(measured.names):
        if not measured.connected[index]:
            yield Finding(
                "error",
                "not connected",
                (name,),
                f"`{name}` is connected to no trainable variable: it can teach the model nothing.",
                "Look for `round`, `argmax`, `stop_gradient` or a comparison on the way to it, and for layers with "
                "`trainable=False`. For a number to look at, a metric is enough.",
            )


@check(gradients=True)
def no_gradient(measurements: Measurements) -> Iterator[Finding]:
    """The way is there, but the gradient is zero in every batch or in most."""
    measured = measurements.measured
    assert measured is not None
    for index, name in enumerate(measured.names):
        usable = measured.usable[:, index]
        if not measured.connected[index] or not usable.any():
            continue
        zero = float((measured.norms[usable, index] == 0).mean())
        if zero < 0.5:
            continue
        at_rest = float(np.abs(measured.losses[usable, index]).max()) == 0.0
        subject = measurements.subjects.get(name)
        if at_rest and subject is None:
            continue  # a penalty of something that is zero yet
        yield Finding(
            "error" if zero == 1.0 and not at_rest else "warning",
            "no gradient",
            (name,),
            f"`{name}` gives no gradient in {percent(zero)} of the batches"
            + (": its loss is exactly 0 in them." if at_rest else ", although its loss is not 0."),
            "If its labels are right, there is nothing to learn: leave it out."
            if at_rest
            else "Likely causes: a dead ReLU before the loss (all its inputs negative), an output that is clipped, or "
            "a saturated sigmoid. Use another activation there, or start from other weights.",
        )


@check()
def no_weight(measurements: Measurements) -> Iterator[Finding]:
    """A user's weight of zero, or a negative one."""
    for name, term in measurements.terms.items():
        if term.weight.schedules:
            continue  # a schedule may begin at zero
        value = term.weight.value
        if value == 0.0:
            yield Finding(
                "hint",
                "no weight",
                (name,),
                f"`{name}` has the weight 0: it is computed and logged, and trains nothing.",
                "Leave it out where it is not wanted in the logs, or give it a weight in `loss_weights`.",
            )
        elif value < 0.0:
            yield Finding(
                "warning",
                "negative weight",
                (name,),
                f"`{name}` has the weight {value:g}: its loss is made larger, without bound.",
                "Where that is meant (an adversary), bound it; else use a positive weight.",
            )
