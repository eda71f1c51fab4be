"""The measuring pass before training, for terms with `scale="calibrated"`."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..._core.errors import invalid
from .._keras_seams import batches
from ..reading import BoundTerm, read_data


def calibrate(trainer: Any, x: Any, y: Any, sample_weight: Any, batch_size: int, steps: int | None) -> dict[str, float]:
    """Measures the scales that await a pass; see `MultiLossModel.calibrate`."""
    waiting = _waiting(trainer)
    if not waiting:
        raise invalid(
            "No term asks for a measuring pass",
            received=", ".join(f"{name}: {type(term.scale).__name__}" for name, term in trainer.terms.items()),
            fix="Write ml.Term(..., scale='calibrated').",
        )
    found: dict[str, list[float]] = {term.name: [] for term in waiting}
    try:
        for data in batches(*read_data(trainer.program.names, x, y, sample_weight), batch_size, steps):
            trainer.test_on_batch(*data)
            losses = trainer.program.tracker.term_losses()
            for term in waiting:
                if (loss := losses[term.index]) is not None:
                    found[term.name].append(loss)
    finally:
        trainer.reset_metrics()
    return _write(trainer, waiting, found)


def _write(trainer: Any, waiting: list[BoundTerm], found: dict[str, list[float]]) -> dict[str, float]:
    """Sets the states of all scales, or of none."""
    states = {}
    for term in waiting:
        try:
            states[term.name] = term.scale.measured(np.array(found[term.name], "float64"))  # type: ignore[union-attr]
        except ValueError as error:
            raise invalid(
                f"Term {term.name!r} must have finite losses to be calibrated on",
                received=f"{len(found[term.name])} labelled batches",
                fix=str(error),
            ) from error
    for name, state in states.items():
        trainer.state.write(trainer.terms[name].scale_prefix, state)
    return {name: float(state["size"]) for name, state in states.items()}


def check_calibrated(trainer: Any) -> None:
    """Raises when a term still awaits its pass: it would train with a scale of 1."""
    unmeasured = [term.name for term in _waiting(trainer) if not int(trainer.state.read(term.scale_prefix)["measured"])]
    if unmeasured:
        raise invalid(
            f"The terms {unmeasured} have scale='calibrated', which must be measured before training",
            received="a trainer that was not calibrated",
            fix="Call trainer.calibrate(data) first.",
        )


def _waiting(trainer: Any) -> list[BoundTerm]:
    return [term for term in trainer.terms.values() if term.scale is not None and term.scale.awaits_pass]
