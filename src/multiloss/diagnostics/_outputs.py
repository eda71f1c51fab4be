"""A model's outputs: what they predict, and which values their last layers can reach at all."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

_EVERYTHING = (-math.inf, math.inf)
_RANGES = {
    "sigmoid": (0.0, 1.0),
    "hard_sigmoid": (0.0, 1.0),
    "softmax": (0.0, 1.0),
    "sparsemax": (0.0, 1.0),
    "relu": (0.0, math.inf),
    "relu6": (0.0, 6.0),
    "softplus": (0.0, math.inf),
    "exponential": (0.0, math.inf),
    "tanh": (-1.0, 1.0),
    "hard_tanh": (-1.0, 1.0),
    "softsign": (-1.0, 1.0),
    "log_softmax": (-math.inf, 0.0),
    "log_sigmoid": (-math.inf, 0.0),
    "elu": (-1.0, math.inf),
}


@dataclass(frozen=True)
class Output:
    """One output of the model.

    Attributes:
        name: as in the terms.
        predictions: `(n, ...)`, of the batches looked at.
        activation: the name of its activation; `""` where it is not known.
        reachable: the lowest and the highest value that it can give, as far as its last layers tell.
    """

    name: str
    predictions: np.ndarray
    activation: str = ""
    reachable: tuple[float, float] = _EVERYTHING

    @property
    def finite(self) -> np.ndarray:
        """The finite predictions in one row."""
        return self.predictions[np.isfinite(self.predictions)]

    def columns(self, column: Any) -> Output:
        """The output with only the columns that a term reads."""
        if column is None:
            return self
        chosen = self.predictions[..., column if isinstance(column, slice) else np.atleast_1d(column)]
        return dataclasses.replace(self, predictions=chosen)

    @property
    def described(self) -> str:
        """The output as a finding names it."""
        return f"`{self.name}`" + (f" (`activation={self.activation!r}`)".replace("'", '"') if self.activation else "")


def outputs_of(model: keras.Model, tensors: Mapping[str, Any], predictions: Mapping[str, np.ndarray]) -> dict:
    """The outputs by name.

    Args:
        model: the user's model.
        tensors: its symbolic outputs by name; empty for a subclassed model, of whose layers nothing is known then.
        predictions: by output name.
    """
    found = {}
    for name, array in predictions.items():
        activation, reachable = _followed(model, tensors.get(name))
        found[name] = Output(name, np.asarray(array), activation, reachable)
    return found


def _followed(model: keras.Model, tensor: Any) -> tuple[str, tuple[float, float]]:
    """Activation and range of the layer that made a tensor, through layers that only rescale or reshape."""
    layer = _maker(model, tensor)
    if layer is None:
        return "", _EVERYTHING
    if isinstance(layer, keras.layers.Rescaling):
        _, (low, high) = _followed(model, layer.input)
        scale, offset = np.asarray(layer.scale, "float64"), np.asarray(layer.offset, "float64")
        if not scale.all():
            return "", _EVERYTHING
        ends = np.stack([scale * low + offset, scale * high + offset])
        return "", (float(ends.min()), float(ends.max()))
    if isinstance(layer, keras.layers.Reshape | keras.layers.Flatten | keras.layers.Permute | keras.layers.Identity):
        return _followed(model, layer.input)
    kept = _kept_activation(layer)
    return kept, _RANGES.get(kept, _EVERYTHING)


def _maker(model: keras.Model, tensor: Any) -> Any:
    """The layer whose only call made the tensor."""
    for layer in getattr(model, "layers", []):
        try:
            made = layer.output
        except (AttributeError, ValueError):  # called never, or more than once
            continue
        if made is tensor and tensor is not None:
            return layer
    return None


def _kept_activation(layer: Any) -> str:
    if isinstance(layer, keras.layers.Softmax):
        return "softmax"
    if isinstance(layer, keras.layers.ReLU):
        plain = not layer.negative_slope and layer.max_value is None and not layer.threshold
        return "relu" if plain else ""
    activation = getattr(layer, "activation", None)
    name = getattr(activation, "__name__", "")
    # An LSTM's activation is inside; what comes out is its product with a gate.
    return "" if isinstance(layer, keras.layers.RNN) or name == "linear" else name
