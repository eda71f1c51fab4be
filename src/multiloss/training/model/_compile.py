"""`compile`: one call in the place of `model.compile(...)`."""

from __future__ import annotations

from typing import Any

import keras

from ..._core.balancer import Balancer
from ._model import MultiLossModel


def compile(
    model: keras.Model,
    optimizer: Any = "rmsprop",
    *,
    loss: Any = None,
    loss_weights: Any = None,
    balancer: Balancer | str | None = None,
    metrics: Any = None,
    weighted_metrics: Any = None,
    on_nonfinite: str = "raise",
    jit_compile: bool | str = "auto",
    run_eagerly: bool = False,
    steps_per_execution: int = 1,
    auto_scale_loss: bool = True,
) -> MultiLossModel:
    """Wraps a model into a compiled trainer with named losses.

    A step minimises total = sum over terms of user_weight * balancer_weight * loss / scale.

    Args:
        model: the user's model; not changed, its weights are shared.
        optimizer: as for `keras.Model.compile`.
        loss: a name, `Loss` or function for a single output; a list for list outputs; a dict by output name, whose
            values may be dicts of named losses. Keys that are not outputs name terms that say what they read
            (`ml.Term(..., output=...)`, `ml.Joint`, `ml.WeightPenalty`, ...).
        loss_weights: a dict by term, or by parent key for all its children; numbers or schedules.
        balancer: a name such as `"uncertainty"` or `"pcgrad"`, an object, or None for the user's weights alone.
        metrics: as for Keras, by output; they see the masks of missing labels.
        weighted_metrics: the same, with sample weights.
        on_nonfinite: `"raise"` stops with an error that names the term, `"skip"` leaves the step out and counts,
            `"ignore"` pays nothing and checks nothing.
        jit_compile: as for Keras.
        run_eagerly: as for Keras.
        steps_per_execution: as for Keras (1 on PyTorch before Keras 3.16).
        auto_scale_loss: as for Keras, under `mixed_float16`.

    Returns:
        The trainer, a `keras.Model`.

    Raises:
        ValueError: for unknown names, with the list of known ones; for a list of losses on one output.

    Example:
        >>> import keras, multiloss as ml
        >>> x = keras.Input((4,))
        >>> model = keras.Model(x, {"price": keras.layers.Dense(1)(x), "label": keras.layers.Dense(3)(x)})
        >>> trainer = ml.compile(model, "adam", loss={"price": "mse", "label": ml.losses.Circular()})
        >>> list(trainer.terms)
        ['price', 'label']
    """
    options = {key: value for key, value in locals().items() if key != "model"}
    trainer = MultiLossModel(model)
    trainer.built = model.built
    trainer.compile(**options)
    return trainer
