"""Outputs of inner layers, from the same forward pass as the model's own outputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import keras

from ..._core.errors import invalid, unknown_name
from ..._core.typing import Array
from .._keras_seams import times_called
from ._specification import Specified


class Observed(NamedTuple):
    """What one forward pass gave; a tuple, so that every backend can differentiate by all of it.

    Attributes:
        outputs: the model's outputs, in its own structure.
        features: the inner layers' outputs by name.
    """

    outputs: Any
    features: Mapping[str, Array]


def feature_model(model: keras.Model, terms: Mapping[str, Specified]) -> keras.Model | None:
    """A model over the same layers that also gives out what the terms ask for; None when they ask for nothing.

    Raises:
        ValueError: for a layer that the model does not have or calls more than once, and for models that are not made
            of a graph of layers.
    """
    wanted = {layer: name for name, term in terms.items() for layer in term.description.features}
    if not wanted:
        return None
    first = next(iter(wanted.values()))
    if not getattr(model, "inputs", None) or not getattr(model, "outputs", None):
        raise _not_a_graph(model, first)
    features = {layer: _output_of(model, layer, name) for layer, name in wanted.items()}
    sequential = isinstance(model, keras.Sequential)
    inputs, outputs = (model.inputs, model.outputs[0]) if sequential else (model.input, model.output)
    extended = keras.Model(inputs, {"outputs": outputs, "features": features})
    if type(model).call not in (type(extended).call, keras.Sequential.call):
        raise _not_a_graph(model, first)
    return extended


def _output_of(model: keras.Model, layer: str, term: str) -> Any:
    known = {entry.name: entry for entry in model.layers}
    if layer not in known:
        for inner in model.layers:
            if layer in _names_inside(inner):
                raise invalid(
                    f"Term {term!r} needs a layer of the model itself",
                    received=f"the layer {layer!r} inside the model {inner.name!r}",
                    fix=f"Return the layer's output as one more output of {inner.name!r}, and put a "
                    "keras.layers.Identity(name=...) behind it in the model, or return it there too: an output that "
                    "no loss names is left alone.",
                )
        raise unknown_name("layer", layer, known, f"Term {term!r} must name a layer of the model itself.")
    # Keras would hand out the first of several outputs in silence, and of a nested model the output of its own graph.
    own_graph = isinstance(known[layer], keras.Model) and getattr(known[layer], "inputs", None)
    if own_graph or times_called(known[layer]) != 1 or not isinstance(known[layer].output, keras.KerasTensor):
        raise invalid(
            f"Term {term!r} needs a single layer that is called once and gives out one tensor",
            received=f"the layer {layer!r}",
            fix="Put a keras.layers.Identity(name=...) behind the call that you mean, and name that.",
        )
    return known[layer].output


def _names_inside(layer: Any) -> set[str]:
    """The names of all layers within a nested model."""
    inner = layer.layers if isinstance(layer, keras.Model) else []
    return {entry.name for entry in inner}.union(*(_names_inside(entry) for entry in inner))


def _not_a_graph(model: keras.Model, term: str) -> ValueError:
    return invalid(
        f"Term {term!r} reads an inner layer, which needs a functional model or a built Sequential model",
        received=type(model).__name__,
        fix="Return the layer's output as one more output of the model: an output that no loss names is left alone.",
    )
