"""The guard against non-finite losses and gradients: a flag in the graph, and the error that explains it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from keras import ops

from .._core.errors import invalid
from .._core.typing import Array
from ._keras_seams import current_value, sync_state
from ._state import TrainingState

MODES = ("raise", "skip", "ignore")
# Entries of the vector `incident`.
COUNT, STEP, IN_GRADIENT = range(3)


def check_mode(mode: str) -> str:
    """The mode itself; raises for an unknown one."""
    if mode not in MODES:
        raise invalid(f"`on_nonfinite` must be one of {list(MODES)}", received=repr(mode))
    return mode


def initial_values(num_terms: int) -> dict[str, Any]:
    """The guard's variables: what happened first, and in which terms."""
    return {"guard/incident": np.zeros(3, "int32"), "guard/culprits": np.zeros(num_terms, "int32")}


def untouched(state: TrainingState, mode: str) -> Array | bool:
    """False once a step went wrong in the mode `"raise"`: nothing is applied any more."""
    return ops.equal(state["guard/incident"].value[COUNT], 0) if mode == "raise" else True


def record(
    state: TrainingState, finite_losses: Array, finite_gradients: Array, guilty_gradients: Array
) -> dict[str, Array]:
    """The guard's next values, by key.

    Args:
        state: where the guard's variables are.
        finite_losses: shape `(T,)`, bool.
        finite_gradients: scalar bool.
        guilty_gradients: shape `(T,)` int32: the terms with a non-finite gradient, where the losses are finite.
    """
    incident = state["guard/incident"].value * 1
    culprits = state["guard/culprits"].value * 1
    losses_ok = ops.all(finite_losses)
    bad = ops.logical_not(ops.logical_and(losses_ok, finite_gradients))
    first = ops.logical_and(bad, ops.equal(incident[COUNT], 0))
    in_losses = ops.cast(ops.logical_not(finite_losses), "int32")
    guilty = ops.where(losses_ok, guilty_gradients, in_losses)
    step = ops.cast(state["step"].value, "int32")
    now = ops.stack([ops.ones((), "int32"), step, ops.cast(losses_ok, "int32")])
    more = incident + ops.convert_to_tensor(np.array([1, 0, 0], "int32")) * ops.cast(bad, "int32")
    return {"guard/incident": ops.where(first, now, more), "guard/culprits": ops.where(first, guilty, culprits)}


class GuardReader:
    """Reads the flag after each execution without waiting for the device: one execution later, and at the end."""

    def __init__(self, model: Any):
        self._model = model
        self._pending: Any = None

    def after_execution(self) -> None:
        """Looks at the flag of the execution before; raises when it is set."""
        if self._pending is not None and int(np.asarray(ops.convert_to_numpy(self._pending))[COUNT]) > 0:
            self.check()
        self._pending = current_value(self._model, self._model.state["guard/incident"])

    def check(self) -> None:
        """Raises when a step was not finite, and clears the flag."""
        sync_state(self._model)
        self._pending = None
        state = self._model.state
        incident = ops.convert_to_numpy(state["guard/incident"])
        if incident[COUNT] == 0:
            return
        culprits = ops.convert_to_numpy(state["guard/culprits"])
        names = [name for name, flag in zip(self._model.terms, culprits, strict=True) if flag]
        clear(state)
        raise ValueError(_message(names, int(incident[STEP]), bool(incident[IN_GRADIENT]), list(self._model.terms)))


def clear(state: TrainingState) -> None:
    """Forgets what happened."""
    state.write("", initial_values(state["guard/culprits"].shape[0]))


def skipped_steps(model: Any) -> int:
    """How many steps were not applied."""
    sync_state(model)
    return int(ops.convert_to_numpy(model.state["guard/incident"])[COUNT])


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
