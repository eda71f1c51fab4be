"""Losses and gradients of a model, term by term, by the backend's own autodiff: nothing of multiloss is used."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import keras
import numpy as np

from backend import NAME

Losses = Callable[[Any, Any], Mapping[str, Any]]


def step_of(model: keras.Model, losses: Losses, x: Any, y: Any) -> tuple[dict, dict, list]:
    """One forward pass in training mode, and one backward pass for each loss.

    Args:
        model: of it only the variables that are not trained change, as in a training step.
        losses: from targets and predictions to scalars by name; `model.losses` are added as `regularization`.
        x: inputs.
        y: targets.

    Returns:
        Losses by name; gradients by name and variable's path; the untrained variables after the pass.
    """
    run = {"tensorflow": _tensorflow, "jax": _jax, "torch": _torch}[NAME]
    values, gradients, fixed = run(model, losses, x, y)
    rows = {}
    for name, row in gradients.items():
        pairs = zip(model.trainable_variables, row, strict=True)
        rows[name] = {variable.path: _array(gradient, variable) for variable, gradient in pairs}
    return (
        {name: float(keras.ops.convert_to_numpy(value)) for name, value in values.items()},
        rows,
        [np.array(keras.ops.convert_to_numpy(value)) for value in fixed],
    )


def _array(gradient, variable):
    if gradient is None:
        return np.zeros(variable.shape)
    return np.asarray(keras.ops.convert_to_numpy(gradient)).astype("float64")


def _all(model, losses, y, predictions, added):
    parts = dict(losses(y, predictions))
    return {**parts, "regularization": sum(added)} if added else parts


def _tensorflow(model, losses, x, y):
    import tensorflow as tf

    with tf.GradientTape(persistent=True) as tape:
        values = _all(model, losses, y, model(x, training=True), model.losses)
    weights = [variable.value for variable in model.trainable_variables]
    rows = {}
    for name, value in values.items():
        rows[name] = [None if g is None else tf.convert_to_tensor(g) for g in tape.gradient(value, weights)]
    return values, rows, [variable.value for variable in model.non_trainable_variables]


def _torch(model, losses, x, y):
    import torch

    values = _all(model, losses, y, model(x, training=True), model.losses)
    weights = [variable.value for variable in model.trainable_variables]
    rows = {
        name: torch.autograd.grad(value, weights, retain_graph=True, allow_unused=True)
        for name, value in values.items()
    }
    values = {name: value.detach() for name, value in values.items()}
    return values, rows, [variable.value for variable in model.non_trainable_variables]


def _jax(model, losses, x, y):
    import jax

    fixed = [variable.value for variable in model.non_trainable_variables]

    def forward(trainable):
        predictions, after, added = model.stateless_call(trainable, fixed, x, training=True, return_losses=True)
        return _all(model, losses, y, predictions, added), after

    @jax.jit  # operation by operation it would be compiled for much longer
    def everything(trainable):
        values, pull, after = jax.vjp(forward, trainable, has_aux=True)
        seeds = {
            name: {other: (other == name) * jax.numpy.ones_like(values[other]) for other in values} for name in values
        }
        return values, {name: pull(seed)[0] for name, seed in seeds.items()}, after

    return everything([variable.value for variable in model.trainable_variables])
