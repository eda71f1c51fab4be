"""The guard against non-finite losses and gradients: a flag in the graph, and the error that explains it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from keras import ops

from ..._core.errors import invalid
from ..._core.linalg import stack
from ..._core.typing import Array
from ...terms import FAULT_SIZE, NO_FAULT, fault_error
from .._keras_seams import current_value, sync_state
from ..reading import TrainingState

MODES = ("raise", "skip", "ignore")
# Entries of the vector `incident`.
COUNT, STEP, IN_GRADIENT = range(3)
# Half precision ends at 2^16: what overflows under a scale of 2^-16 is a gradient of 2^32, or none that a scale mends.
# From Keras's first scale, 2^15, this is the 32nd step of a row that all overflow.
LEAST_SCALE = 2.0**-16
INCIDENT, NONFINITE_TERMS = "guard/incident", "guard/nonfinite_terms"
# What is wrong with the terms' labels and weights; a loss is not finite then, and the step not applied.
FAULTS = "guard/faults"


@dataclass(frozen=True)
class StepCheck:
    """What may happen with a step.

    Attributes:
        applies: whether the optimizer may step.
        moves: whether, where it may, the other state moves too; an overflow that loss scaling deals with moves nothing.
        refused: gives the guard's next values, by key, where the step does not apply; None without a guard.
    """

    applies: Array | bool
    moves: Array | bool
    refused: Callable[[], dict[str, Array]] | None


class Guard:
    """Knows what happens when a loss or gradient is not finite; its variables are in `TrainingState`.

    Args:
        mode: `"raise"`, `"skip"` or `"ignore"`.
        names: the terms' names, in order.
        state: where the variables are.
    """

    def __init__(self, mode: str, names: Sequence[str], state: TrainingState):
        self.mode = check_mode(mode)
        self.names = list(names)
        self.state = state

    def initial_values(self) -> dict[str, Any]:
        """The guard's variables: what happened first, and in which terms."""
        return {
            INCIDENT: np.zeros(3, "int32"),
            NONFINITE_TERMS: np.zeros(len(self.names), "int32"),
            FAULTS: np.zeros((len(self.names), FAULT_SIZE), "float32"),
        }

    def untouched(self) -> Array | bool:
        """False once a step went wrong in the mode `"raise"`: nothing is applied any more."""
        return self.state[INCIDENT].value[COUNT] < 1 if self.mode == "raise" else True

    def check(
        self,
        losses: Sequence[Array],
        finite_gradients: Callable[[], Array],
        nonfinite_terms: Callable[[Array], Array],
        scale: Array | None,
        faults: Sequence[Array | None] = (),
    ) -> StepCheck:
        """Whether the step is finite, and what the guard remembers where it is not.

        Args:
            losses: one scalar for each term.
            finite_gradients: whether the combined gradients of all connected variables are finite.
            nonfinite_terms: given whether it is wanted, marks the terms with a non-finite gradient, shape `(T,)` int32.
            scale: the optimizer's loss scale, where it has one: it expects that some gradients overflow.
            faults: what is wrong with each term's labels and weights.
        """
        if self.mode == "ignore":
            return StepCheck(True, True if scale is None else finite_gradients(), None)
        gradients_ok = finite_gradients()
        finite_losses = ops.isfinite(stack(losses))
        losses_ok = ops.all(finite_losses)
        # Under loss scaling an overflow is normal, and the optimizer's own affair, as long as a smaller scale may help.
        guarded = gradients_ok if scale is None else ops.logical_or(gradients_ok, ops.greater(scale, LEAST_SCALE))

        def refused() -> dict[str, Array]:
            found = nonfinite_terms(ops.logical_and(losses_ok, ops.logical_not(guarded)))
            return {**self.after_nonfinite(finite_losses, guarded, found), **self._after_faults(faults)}

        applies = ops.logical_and(ops.logical_and(losses_ok, guarded), self.untouched())
        return StepCheck(applies, True if scale is None else gradients_ok, refused)

    def after_nonfinite(
        self, finite_losses: Array, finite_gradients: Array, nonfinite_gradients: Array
    ) -> dict[str, Array]:
        """The guard's next values, by key.

        Args:
            finite_losses: shape `(T,)`, bool.
            finite_gradients: scalar bool.
            nonfinite_gradients: shape `(T,)` int32: the terms with a non-finite gradient, where the losses are finite.
        """
        incident = self.state[INCIDENT].value * 1
        terms = self.state[NONFINITE_TERMS].value * 1
        losses_ok = ops.all(finite_losses)
        bad = ops.logical_not(ops.logical_and(losses_ok, finite_gradients))
        first = ops.logical_and(bad, ops.equal(incident[COUNT], 0))
        in_losses = ops.cast(ops.logical_not(finite_losses), "int32")
        found = ops.where(losses_ok, nonfinite_gradients, in_losses)
        step = ops.cast(self.state["step"].value, "int32")
        now = ops.stack([ops.ones((), "int32"), step, ops.cast(losses_ok, "int32")])
        more = incident + ops.convert_to_tensor(np.array([1, 0, 0], "int32")) * ops.cast(bad, "int32")
        return {INCIDENT: ops.where(first, now, more), NONFINITE_TERMS: ops.where(first, found, terms)}

    def note_faults(self, faults: Sequence[Array | None]) -> None:
        """Remembers what is wrong in an evaluation."""
        self.state.write("", self._after_faults(faults))

    def _after_faults(self, faults: Sequence[Array | None]) -> dict[str, Array]:
        """The first faults stay."""
        if all(fault is None for fault in faults):
            return {}
        none, before = ops.zeros(FAULT_SIZE), self.state[FAULTS].value * 1
        now = ops.stack([none if fault is None else fault for fault in faults])
        return {FAULTS: ops.where(ops.any(before[:, 0] > NO_FAULT), before, now)}

    def raise_if_faulty(self, host: Any, where: str = "in the data") -> None:
        """Raises when labels or weights were none that can be, and clears the flags; outside the graph."""
        sync_state(host)
        for name, fault in zip(self.names, np.asarray(ops.convert_to_numpy(self.state[FAULTS])), strict=True):
            if fault[0] > NO_FAULT:
                self.state.write("", self.initial_values())
                raise fault_error(name, fault, where)

    def raise_if_noted(self, host: Any) -> None:
        """Raises when a step was not finite, and clears the flag; outside the graph."""
        sync_state(host)
        incident = ops.convert_to_numpy(self.state[INCIDENT])
        self.raise_if_faulty(host, f"in step {int(incident[STEP])}" if incident[COUNT] else "in the data")
        if incident[COUNT] == 0:
            return
        terms = self.first_terms()
        self.state.write("", self.initial_values())
        raise ValueError(_message(terms, int(incident[STEP]), bool(incident[IN_GRADIENT]), self.names))

    def first_terms(self) -> list[str]:
        """The terms that were not finite in the first step that was not applied; outside the graph."""
        flags = ops.convert_to_numpy(self.state[NONFINITE_TERMS])
        return [name for name, flag in zip(self.names, flags, strict=True) if flag]

    def skipped_steps(self, host: Any) -> int:
        """How many steps were not applied; outside the graph."""
        self.raise_if_faulty(host)
        return int(ops.convert_to_numpy(self.state[INCIDENT])[COUNT])


class GuardReader:
    """Reads the flag between executions without waiting for the device: one execution later, and at the end."""

    def __init__(self, host: Any, guard: Guard):
        self._host = host
        self._guard = guard
        self._pending: Any = None

    def after_execution(self) -> None:
        """Looks at the flag of the execution before; raises when it is set."""
        if self._pending is not None and int(np.asarray(ops.convert_to_numpy(self._pending))[COUNT]) > 0:
            self.check()
        self._pending = current_value(self._host, self._guard.state[INCIDENT])

    def check(self) -> None:
        """Raises when a step was not finite, and clears the flag."""
        self._pending = None
        self._guard.raise_if_noted(self._host)


def check_mode(mode: str) -> str:
    """The mode itself; raises for an unknown one."""
    if mode not in MODES:
        raise invalid(f"`on_nonfinite` must be one of {list(MODES)}", received=repr(mode))
    return mode


def _message(names: Sequence[str], step: int, in_gradient: bool, known: Sequence[str]) -> str:
    who = ", ".join(repr(name) for name in names) or "the weighted sum (in the model's own layers, not at the terms)"
    plural = "terms" if len(names) > 1 else "term"
    subject = f"{plural} {who}" if names else who
    if in_gradient:
        what = f"The gradient of {subject} is not finite in step {step}, although the loss is."
        cause = (
            "Likely cause: a function with an infinite slope, such as a square root at 0 (a root-mean-square loss with "
            "a perfect prediction): add a small number under the root, or use the squared error."
        )
    else:
        what = f"The loss of {subject} is not finite in step {step}."
        cause = (
            "Likely cause: a NaN or infinite label (say ml.Term(..., missing='nan') if labels may be missing), "
            "a NaN input, a logarithm of 0, or a learning rate that is too large."
        )
    return (
        f"{what} The step was not applied: weights and optimizer are as before it. {cause} Terms: {', '.join(known)}. "
        "Compile with on_nonfinite='skip' to leave such batches out."
    )
