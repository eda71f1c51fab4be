"""Which layers can be captured."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import keras

from ..._core.errors import invalid
from ..._core.variables import matches_any
from .._keras_seams import all_layers, computes_again
from ._captured import CapturedLayer, CapturedOutput
from ._captured_convolution import CapturedConvolution
from ._captured_embedding import CapturedEmbedding
from ._captured_kernels import CapturedDense, CapturedEinsumDense

REPRESENTATION = "representation:"
KINDS = (CapturedDense, CapturedEmbedding, CapturedConvolution, CapturedEinsumDense)
# Each calls the layers inside it once, outside of loops.
ATTENTION = (keras.layers.MultiHeadAttention, keras.layers.GroupQueryAttention)


def capturable_layers(model: keras.Model, variables: Sequence[Any]) -> list[CapturedLayer]:
    """The layers whose calls are nodes of the model's graph and of which gradients need not be formed.

    Only there is it certain that a call runs once, and not within a loop of its own whose tensors cannot be kept. The
    dense layers of Keras's attention are called once with it.

    Args:
        model: the user's model.
        variables: its trainable variables.
    """
    place = {id(variable): index for index, variable in enumerate(variables)}
    holders = [(holder, {id(inner) for inner in all_layers(holder)}) for holder in _holders(model)]
    found: list[CapturedLayer] = []
    layer: Any
    for node, layer in _called(model):
        if any(id(layer) in held for holder, held in holders if holder is not node):
            continue
        if computes_again(node) or computes_again(layer) or layer.quantization_mode is not None:
            continue
        # All of the layer's weights: gradients of a frozen one are no part of the Gramian.
        own = [place[id(variable)] for variable in layer.weights if id(variable) in place]
        kind = next((kind for kind in KINDS if kind.takes(layer)), None)
        if kind is not None and own and len(own) == len(layer.weights):
            found.append(kind(layer, own))
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


def _holders(model: keras.Model) -> Iterator[Any]:
    """The layers that may call others in their own way."""
    return (layer for layer in all_layers(model) if not _is_graph(layer))


def _called(model: keras.Model) -> Iterator[tuple[Any, Any]]:
    """The graph's nodes and the layers that each of them is sure to call once: itself, or what attention holds."""
    for node in _nodes(model):
        for layer in all_layers(node) if type(node) in ATTENTION else [node]:
            yield node, layer


def _nodes(model: Any) -> Iterator[Any]:
    """The layers that the graph of a functional or Sequential model calls, those of nested graphs included."""
    if not _is_graph(model):
        return
    for layer in model.layers:
        if _is_graph(layer):
            yield from _nodes(layer)
        else:
            yield layer
