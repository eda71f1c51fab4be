"""From what the user wrote to the terms of one trainer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras

from ..._core.balancer import Balancer
from ..._core.contract import check_form
from ..._core.errors import invalid
from ..._core.registry import resolve
from .._keras_seams import output_spec
from ..backends import backend_program
from ..reading import BoundTerm, Specified, TrainingState, WeightHandle


def check_plain(model: Any, trainer: type) -> None:
    """Refuses what is no plain `keras.Model`, and models whose own training step would be bypassed."""
    if not isinstance(model, keras.Model) or isinstance(model, trainer):
        raise invalid("`model` must be a plain keras.Model", received=type(model).__name__)
    for method in ("train_step", "compute_loss"):
        if getattr(type(model), method) is not getattr(keras.Model, method):
            raise invalid(
                f"`model` must leave the training step to multiloss, but {type(model).__name__} overrides `{method}`",
                received=type(model).__name__,
                fix="Write its losses as terms, for instance with ml.Joint(fn).",
            )


def find_balancer(identifier: Any) -> Balancer:
    """The balancer by name or as it is; without one, the user's weights alone."""
    balancer = resolve("balancer", "fixed" if identifier is None else identifier, Balancer)
    check_form(balancer)
    return balancer


def bind(specified: Mapping[str, Specified], trainer: Any, state: TrainingState) -> list[BoundTerm]:
    """The terms with their names, places, and handles of their weights.

    Args:
        specified: every term by name, in order.
        trainer: whose weights the handles read and change.
        state: where these weights are.
    """

    def handle(index: int, name: str) -> WeightHandle:
        return WeightHandle(
            trainer,
            state,
            name,
            index=index,
            schedules=tuple(specified[name].schedules),
            progress=lambda: trainer.program.objective.history.progress(),
        )

    return [
        BoundTerm(name, term.description, index, handle(index, name))
        for index, (name, term) in enumerate(specified.items())
    ]


def may_add_losses(model: keras.Model) -> bool:
    """Whether a model has regularisers or `add_loss` values, or is not built so that nobody can say."""
    if not model.built or not hasattr(model, "inputs") or model.inputs is None:
        return True
    found = []

    def call(inputs: Any) -> Any:
        with keras.StatelessScope(collect_losses=True):
            outputs = model(inputs, training=True)
            found.extend(model.losses)
        return outputs

    # Some layers cannot be traced for a batch of any size, such as MixUp on JAX.
    given = model.input if hasattr(model, "output_names") else model.inputs[0]
    with backend_program().same_draws():
        output_spec(call, keras.tree.map_structure(_two_samples, given))
    return bool(found)


def _two_samples(given: keras.KerasTensor) -> keras.KerasTensor:
    shape = given.shape if given.shape[:1] != (None,) else (2, *given.shape[1:])
    return keras.KerasTensor(shape, given.dtype)
