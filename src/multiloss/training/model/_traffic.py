"""What the replicas of a step send to each other, in words, and what they cannot give as one device would."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import keras

from ..._core.wording import counted, listed
from ...terms import TermValue
from .._keras_seams import all_layers
from ..backends import devices_of_a_batch
from ..rows import REPRESENTATION
from ..step import StepPlan
from ._cost import size_of


def traffic(trainer: Any, plan: StepPlan) -> list[str]:
    """One line for a trainer on several devices; none for one alone."""
    objective = trainer.program.objective
    replicas, devices = objective.replicas.count_of(trainer), devices_of_a_batch()
    if max(replicas, devices) == 1:
        return []
    weights = size_of(trainer.trainable_variables)
    parts = [f"the gradients of {counted(weights, 'weight')} once, as plain data parallelism does"]
    if objective.balancing.reads_gradients:
        parts += _of_the_balancer(plan)
    if replicas == 1:
        return [f"{devices} devices; a step sends: {'; '.join([*parts, 'a few numbers of losses, labels and logs'])}"]
    logs = size_of(trainer.metrics_variables)
    parts.append(f"{counted(4 * len(objective.terms), 'number')} of losses and labels, and {logs} of logs")
    return [f"{replicas} replicas; each sends in a step: {'; '.join(parts)}"]


def _of_the_balancer(plan: StepPlan) -> list[str]:
    """What is sent for the Gramian or the norms."""
    objective = plan.objective
    balancing, rows = objective.balancing, len(objective.balancing.rows)
    each = "" if balancing.every == 1 else f", in one step of {balancing.every}"
    if balancing.over.wrt.startswith(REPRESENTATION):
        return [f"{rows} x {rows} inner products{each}"]
    sharing = plan.sharing
    over = None if sharing is None else size_of([plan.variables[index] for index in sharing.measured])
    of = "the shared weights" if over is None else counted(over, "shared weight")
    formed = [] if over == 0 else [f"{counted(rows, 'row')} of {of}, {objective.replicas.way}{each}"]
    names = [layer.layer.name for layer in (sharing.captured if sharing else ()) if layer.variables]
    return formed + ([f"inputs and {rows} x outputs of {listed(names)}, sample by sample{each}"] if names else [])


def warn_inexact(trainer: Any, values: Sequence[TermValue]) -> None:
    """Says in one line, before training, what several replicas cannot give as one device would.

    Args:
        trainer: the `keras.Model` that trains.
        values: the terms' values of a dry run.
    """
    objective = trainer.program.objective
    count = objective.replicas.count_of(trainer)
    if count == 1:
        return
    layers = [layer for layer in all_layers(trainer.model) if _reads_batch(layer)]
    reasons = []
    if layers:
        names = listed([layer.name for layer in layers[:3]] + (["others"] if len(layers) > 3 else []))
        reasons.append(f"{names} take statistics of each replica's own part (BatchNormalization(synchronized=True))")
    if whole := [term.name for term, value in zip(objective.terms, values, strict=True) if value.is_whole]:
        names = listed(repr(name) for name in whole)
        reasons.append(f"{names} give one number for a whole batch, of which the replicas' mean is taken")
    reasons += objective.replicas.inexact(trainer)
    if reasons:
        warnings.warn(
            f"{count} replicas will not give the numbers of one device: {'; '.join(reasons)}.",
            UserWarning,
            stacklevel=2,
        )


def _reads_batch(layer: keras.layers.Layer) -> bool:
    return isinstance(layer, keras.layers.BatchNormalization) and not layer.synchronized
