"""How the layers of a functional or sequential model hang together, free of the names that Keras made up."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from typing import Any

import keras

from ..._core.configured import given_name

_ENDS = ("input_layers", "output_layers")


def describe_model(model: keras.Model) -> Any:
    """The nodes between the layers; None for a model that is no graph, whose class and attributes say what it does.

    Where a layer in it has no config, the shapes of the layers in their order stand for it: what connects them is then
    told by the code that builds the model alone.
    """
    try:
        config = config_of(model)
    except Exception:
        return [[type(layer), _shape(layer)] for layer in model.layers]
    return _plain(config, {}) if "layers" in config else None


def config_of(value: Any) -> dict[str, Any]:
    """An object's config, without Keras's warning of functions in it: nothing is stored here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return dict(value.get_config())


def _shape(layer: keras.layers.Layer) -> Any:
    try:
        return [keras.tree.map_structure(lambda tensor: tuple(tensor.shape), layer.output)]
    except (AttributeError, ValueError):
        return []


def _plain(config: Mapping[str, Any], outer: Mapping[str, str]) -> dict[str, Any]:
    layers = [entry for entry in config.get("layers", ()) if isinstance(entry, Mapping)]
    names = {**outer, **{_name(entry): f"{place}" for place, entry in enumerate(layers) if _is_made_up(entry)}}
    plain: dict[str, Any] = {key: _renamed(config[key], names) for key in _ENDS if key in config}
    plain["trainable"] = config.get("trainable")
    plain["layers"] = [
        {
            "class": entry.get("class_name"),
            "name": names.get(_name(entry), _name(entry)),
            "nodes": _renamed(entry.get("inbound_nodes"), names),
            "config": _inside(entry, names),
        }
        for entry in layers
    ]
    return plain


def _inside(entry: Mapping[str, Any], names: Mapping[str, str]) -> Any:
    """Of a model within the model its graph, of an operation that is no layer its config; layers tell their own."""
    config = entry.get("config")
    if isinstance(config, Mapping) and "layers" in config:
        return _plain(config, names)
    is_layer = isinstance(config, Mapping) and ("trainable" in config or "batch_shape" in config)
    return None if is_layer else {key: value for key, value in dict(config or {}).items() if key != "name"}


def _renamed(value: Any, names: Mapping[str, str]) -> Any:
    """With the place of the layer in the place of a made-up name, where a name stands for a layer."""
    if isinstance(value, Mapping):
        return {key: _renamed(entry, names) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        if len(value) == 3 and isinstance(value[0], str) and all(isinstance(place, int) for place in value[1:]):
            return [names.get(value[0], value[0]), *value[1:]]
        return [_renamed(entry, names) for entry in value]
    return value


def _name(entry: Mapping[str, Any]) -> str:
    return str(entry.get("name") or (entry.get("config") or {}).get("name"))


def _is_made_up(entry: Mapping[str, Any]) -> bool:
    name = re.sub(r"_\d+$", "", _name(entry))
    return given_name(type(str(entry.get("class_name")), (), {"name": f"{name}_1"})()) == name
