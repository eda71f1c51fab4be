"""Which layers can be captured."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import keras

from ..._core.errors import invalid
from ..._core.variables import matches_any
from .._keras_seams import all_layers, computes_again
from ._captured import CapturedDense, CapturedEmbedding, CapturedLayer, CapturedOutput

REPRESENTATION = "representation:"


def capturable_layers(model: keras.Model, variables: Sequence[Any]) -> list[CapturedLayer]:
    """The dense layers and embeddings whose calls are nodes of the model's graph.

    Only there is it certain that a call runs once, and not within a loop of its own whose tensors cannot be kept.

    Args:
        model: the user's model.
        variables: its trainable variables.
    """
    place = {id(variable): index for index, variable in enumerate(variables)}
    inside = {id(inner) for layer in all_layers(model) if not _is_graph(layer) for inner in all_layers(layer)}
    found: list[CapturedLayer] = []
    layer: Any
    for layer in _nodes(model):
        if id(layer) in inside or computes_again(layer) or getattr(layer, "lora_enabled", False):
            continue
        own = [place[id(variable)] for variable in layer.trainable_variables if id(variable) in place]
        if not own or len(own) < len(layer.trainable_variables) or layer.quantization_mode is not None:
            continue
        kind: type = type(layer)
        if kind is CapturedDense.kind and not isinstance(layer.activation, keras.layers.Layer):
            found.append(CapturedDense(layer, own))
        elif kind is CapturedEmbedding.kind:
            found.append(CapturedEmbedding(layer, own))
    return found


def representation_layers(model: keras.Model, wrt: str) -> list[CapturedLayer]:
    """The layers that `wrt="representation:<layer>"` names.

    Raises:
        ValueError: when the pattern matches no layer.
    """
    pattern = wrt.removeprefix(REPRESENTATION)
    layers = all_layers(model)
    found = [layer for layer in layers if matches_any(pattern, (layer.name, layer.path or ""))]
    if not found:
        names = ", ".join(dict.fromkeys(layer.name for layer in layers))
        raise invalid("`wrt` must match a layer of the model", received=wrt, fix=f"Layers: {names}.")
    return [CapturedOutput(layer) for layer in found]


def _is_graph(layer: Any) -> bool:
    return isinstance(layer, keras.Sequential) or (isinstance(layer, keras.Model) and hasattr(layer, "output_names"))


def _nodes(model: Any) -> Iterator[Any]:
    """The layers that the graph of a functional or Sequential model calls, those of nested graphs included."""
    if not _is_graph(model):
        return
    for layer in model.layers:
        if _is_graph(layer):
            yield from _nodes(layer)
        else:
            yield layer
