"""The measuring pass before training, and what is not measured yet."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops

from ..._core.errors import invalid
from ..._core.scale import Observation
from ..._core.typing import State
from ..._core.wording import listed
from .._keras_seams import batches, sync_state
from ..reading import BoundTerm, read_data
from ..step import Linearized, StepProgram


def calibrate(trainer: Any, x: Any, y: Any, sample_weight: Any, batch_size: int, steps: int | None) -> dict[str, float]:
    """Measures the scales that await a pass, and those that read targets; see `MultiLossModel.calibrate`."""
    waiting, reading = _waiting(trainer), _reading(trainer)
    if not waiting and not reading:
        raise invalid(
            "No term asks for a measuring pass",
            received=", ".join(f"{name}: {type(term.scale).__name__}" for name, term in trainer.terms.items()),
            fix="Write ml.Term(..., scale='calibrated').",
        )
    sync_state(trainer)
    before = {term.name: _numpy(trainer.state.read(term.scale_prefix)) for term in reading}
    found: dict[str, list[float]] = {term.name: [] for term in waiting}
    observe = _TargetsOfBatch(trainer.program, tuple(term.index for term in reading))
    try:
        _write(trainer, {term.name: term.scale.init() for term in reading})  # type: ignore[union-attr]
        for data in batches(*read_data(trainer.program.names, x, y, sample_weight), batch_size, steps):
            if waiting or trainer.program.batch_size is None:
                keras.Model.test_on_batch(trainer, *data)
                trainer.program.guard.raise_if_faulty(trainer)
            losses = trainer.program.tracker.term_losses()
            for term in waiting:
                if (loss := losses[term.index]) is not None:
                    found[term.name].append(loss)
            if reading:
                trainer.state.write("", trainer.program.on_one_batch(observe, *data))
        states = {term.name: _measured_losses(term, found[term.name]) for term in waiting}
        states |= {term.name: _measured_targets(trainer, term) for term in reading}
    except BaseException:
        _write(trainer, before)
        raise
    finally:
        trainer.reset_metrics()
    _write(trainer, states)
    return {term.name: _size(term, states[term.name]) for term in trainer.terms.values() if term.name in states}


@dataclass(frozen=True)
class _TargetsOfBatch:
    """The states of some terms' scales after a batch, by key; of value, so that it is compiled once."""

    program: StepProgram
    terms: tuple[int, ...]

    def __call__(self, linear: Linearized) -> dict[str, Any]:
        objective, state = self.program.objective, self.program.state
        with linear.scope:
            objective.measure(linear.forward.values, linear.losses, training=True)
            prefixes = [objective.terms[index].scale_prefix for index in self.terms]
            return {prefix + key: value for prefix in prefixes for key, value in state.read(prefix).items()}


def _measured_losses(term: BoundTerm, losses: list[float]) -> State:
    try:
        return term.scale.measured(np.array(losses, "float64"))  # type: ignore[union-attr]
    except ValueError as error:
        raise invalid(
            f"Term {term.name!r} must have finite losses to be calibrated on",
            received=f"{len(losses)} labelled batches",
            fix=str(error),
        ) from error


def _measured_targets(trainer: Any, term: BoundTerm) -> State:
    try:
        return term.scale.measured_on_targets(trainer.state.read(term.scale_prefix))  # type: ignore[union-attr]
    except ValueError as error:
        raise invalid(
            f"Term {term.name!r} must have labels that differ to be calibrated on",
            received="too few of them",
            fix=str(error),
        ) from error


def _size(term: BoundTerm, state: State) -> float:
    if "size" in state:
        return float(state["size"])
    nothing = Observation(np.float32(0.0), np.bool_(False), np.zeros(1, "float32"), None, training=False)
    return float(ops.convert_to_numpy(term.scale.divisor(nothing, state)[0]))  # type: ignore[union-attr]


def check_calibrated(trainer: Any) -> None:
    """Raises when a term still awaits its pass: it would not be trained."""
    unmeasured = [term.name for term in _waiting(trainer) if not int(trainer.state.read(term.scale_prefix)["measured"])]
    if unmeasured:
        raise invalid(
            f"The terms {unmeasured} have scale='calibrated', which must be measured before training",
            received="a trainer that was not calibrated",
            fix="Call trainer.calibrate(data) first.",
        )


def warn_of_unknown(trainer: Any) -> None:
    """Says which fixed scales are not known: their terms take no part in training, and make `val_loss` NaN."""
    fixed = [term for term in trainer.terms.values() if term.scale is not None and term.scale.fixed]
    measurable = [term for term in fixed if term.scale.awaits_pass or term.scale.reads_targets]
    if not measurable:
        return
    sync_state(trainer)
    unknown = [
        repr(term.name)
        for term in measurable
        if not bool(ops.convert_to_numpy(term.scale.is_known(trainer.state.read(term.scale_prefix))))
    ]
    if unknown:
        warnings.warn(
            f"The scale of {listed(unknown)} is not known yet: too few labels were seen, or all were alike. Until it "
            "is, the term takes no part in training, and `val_loss` is NaN. trainer.calibrate(data) measures it at "
            "once; a number needs no measuring.",
            stacklevel=3,
        )


def _write(trainer: Any, states: dict[str, State]) -> None:
    """Sets the states of some terms' scales."""
    for name, state in states.items():
        trainer.state.write(trainer.terms[name].scale_prefix, state)


def _numpy(state: State) -> State:
    return {key: np.asarray(ops.convert_to_numpy(value)) for key, value in state.items()}


def _waiting(trainer: Any) -> list[BoundTerm]:
    return [term for term in trainer.terms.values() if term.scale is not None and term.scale.awaits_pass]


def _reading(trainer: Any) -> list[BoundTerm]:
    return [term for term in trainer.terms.values() if term.scale is not None and term.scale.reads_targets]
