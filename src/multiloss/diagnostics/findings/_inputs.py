"""Inputs of a size that layers are not made for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras
import numpy as np

from ..._core.wording import number
from .._finding import Finding, check
from .._measurements import Measurements

# The typical size of inputs that is worth a word, and one that no initial weights are made for; pixels lie between.
_LARGE, _HUGE = 20.0, 100.0
_SCALING = (
    keras.layers.Rescaling,
    keras.layers.Normalization,
    keras.layers.BatchNormalization,
    keras.layers.LayerNormalization,
    keras.layers.Embedding,
    keras.layers.Discretization,
    keras.layers.Hashing,
)


@check()
def large_inputs(measurements: Measurements) -> Iterator[Finding]:
    """Inputs in the tens or thousands, and no layer that scales."""
    if any(isinstance(layer, _SCALING) for layer in _all_layers(measurements.trainer.model)):
        return
    for name, array in measurements.inputs.items():
        values = np.asarray(array)
        if values.dtype.kind not in "iuf" or not values.size:
            continue
        finite = values[np.isfinite(values)] if values.dtype.kind == "f" else values
        size = float(np.sqrt(np.mean(np.square(finite, dtype="float64")))) if finite.size else 0.0
        if size < _LARGE:
            continue
        pixels = finite.min() >= 0 and finite.max() <= 255 and values.ndim >= 3
        yield Finding(
            "warning" if size >= _HUGE else "hint",
            "large inputs",
            (),
            f"The input `{name}` is large (from {number(float(finite.min()))} to {number(float(finite.max()))}, "
            f"typically {number(size)}), and no layer scales it, so that losses and gradients begin large.",
            "Begin the model with `keras.layers.Rescaling(1 / 255)`."
            if pixels
            else "Begin the model with a `keras.layers.Normalization()` adapted to the data.",
        )


def _all_layers(owner: Any) -> Iterator[Any]:
    for layer in getattr(owner, "layers", []):
        yield layer
        yield from _all_layers(layer)
