"""Checks what `compile` hands on to Keras, before anything of the model changes."""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Integral
from typing import Any

import keras

from ..._core.errors import invalid
from ..._core.kinds import check_flag
from ..backends import check_processes

HANDED_ON = ("jit_compile", "run_eagerly", "steps_per_execution", "auto_scale_loss")


def keras_arguments(host: keras.Model, optimizer: Any, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of `keras.Model.compile`; raises `ValueError` for what Keras would take and not understand."""
    if optimizer is None or isinstance(optimizer, type):
        written = "a name, such as 'adam'" if optimizer is None else f"{optimizer.__name__}()"
        raise invalid("`optimizer` must be a name or a keras optimizer", received=optimizer, fix=f"Write {written}.")
    try:
        optimizer = keras.optimizers.get(optimizer)
    except (ValueError, TypeError) as error:
        raise invalid(
            "`optimizer` must be a name or a keras optimizer",
            received=optimizer,
            fix="For example 'adam', or keras.optimizers.Adam(1e-3).",
        ) from error
    check_processes(host, lambda: [*host.variables, *optimizer.variables])
    chosen = {name: arguments[name] for name in HANDED_ON}
    if chosen["jit_compile"] not in (True, False, "auto"):
        raise invalid("`jit_compile` must be True, False or 'auto'", received=chosen["jit_compile"])
    steps = chosen["steps_per_execution"]
    if not isinstance(steps, Integral) or isinstance(steps, bool) or steps < 1:
        raise invalid("`steps_per_execution` must be a whole number, 1 or more", received=steps)
    for name in ("run_eagerly", "auto_scale_loss"):
        check_flag(name, chosen[name])
    return {"optimizer": optimizer, **chosen}
