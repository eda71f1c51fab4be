"""Objects of Keras, and of the user's subclasses: their configs, the functions that they hold, and what they add."""

from __future__ import annotations

import base64
import functools
import marshal
from collections.abc import Iterator, Mapping
from typing import Any

import keras

from ..._core.configured import Configured, arguments, given_name
from ..._core.keras_losses import wrapped_arguments
from ._graph import config_of, describe_model
from ._node import Node, Unreadable, key_of
from ._origin import is_library

_ABSENT = object()
# Functions under a wrapper, as of `keras.losses.LossFunctionWrapper` and `keras.metrics.MeanMetricWrapper`.
_WRAPPED = ("fn", "_fn")
# Keras numbers the names that it makes up, and what the name is of stands in its class.
_NAMED_BY_KERAS = "name"


def describe_keras(value: Any) -> Node | None:
    """A variable, a symbolic tensor, a model, or anything with a config; None for anything else."""
    if isinstance(value, keras.KerasTensor):
        return Node("symbol", (("shape", tuple(value.shape)), ("dtype", value.dtype)))
    if isinstance(value, keras.Variable):
        return Node("variable", (("value", value.value), ("trainable", value.trainable), ("dtype", value.dtype)))
    if isinstance(value, type) or not callable(getattr(value, "get_config", None)):
        return None
    if isinstance(value, Configured):
        return Node("configured", (("class", type(value)), *_items(arguments(value)), *_added(value)))
    if isinstance(value, keras.Model) and (graph := describe_model(value)) is not None:
        return Node("model", (("class", type(value)), ("graph", graph), *_layers(value), *_added(value)))
    config = _config(value)
    return Node(
        "of Keras",
        (
            ("class", type(value)),
            ("name", given_name(value)),
            ("config", plain_config(config)),
            ("arguments", wrapped_arguments(value)),
            *_held(value, (*config, *_WRAPPED)),
            *_vocabulary(value),
            *_added(value),
        ),
    )


def plain_config(config: Any) -> Any:
    """A config with the functions in it as code, and without the names that Keras made up."""
    if isinstance(config, list | tuple):
        return [plain_config(entry) for entry in config]
    if not isinstance(config, Mapping):
        return config
    if config.get("class_name") == "__lambda__":
        return _of_lambda(config.get("config"))
    inner = config.get("config")
    if isinstance(inner, Mapping) and "name" in inner and isinstance(config.get("class_name"), str):
        config = {**config, "config": {**inner, "name": _given(inner["name"], config["class_name"])}}
    return {key: plain_config(entry) for key, entry in config.items() if key != "registered_name"}


def _given(name: Any, class_name: str) -> Any:
    return given_name(type(class_name, (), {"name": name})())


def _of_lambda(config: Any) -> Any:
    """A function that Keras stored as bytes: these tell the file and the line as well, which mean nothing."""
    stored = config.get("value", config) if isinstance(config, Mapping) else config
    if isinstance(stored, Mapping) and isinstance(stored.get("code"), str):
        code = marshal.loads(base64.b64decode(stored["code"]))
        return [code, stored.get("defaults"), stored.get("closure")]
    return stored


def _config(value: Any) -> dict[str, Any]:
    try:
        found = config_of(value)
    except Exception as error:
        if is_library(type(value).__module__):
            raise Unreadable(f"has no config: {type(error).__name__}: {error}") from error
        return {}  # its class and attributes say what it is
    return {key: entry for key, entry in found.items() if key != _NAMED_BY_KERAS}


def _held(value: Any, keys: Any) -> Iterator[tuple[str, Any]]:
    """What stands behind the entries of a config: of functions and objects of the user's that holds but the names."""
    for key in dict.fromkeys(keys):
        for name in (key, f"_{key}"):
            found = vars(value).get(name, _ABSENT)
            if found is not _ABSENT and not _is_plain(found):
                yield key, found


def _is_plain(value: Any) -> bool:
    if isinstance(value, Mapping):
        return all(_is_plain(entry) for entry in value.values())
    if isinstance(value, list | tuple):
        return all(map(_is_plain, value))
    return value is None or isinstance(value, str | int | float | bool | bytes)


def _layers(model: keras.Model) -> Iterator[tuple[str, Any]]:
    return ((layer.name, layer) for layer in model.layers)


def _vocabulary(value: Any) -> Iterator[tuple[str, Any]]:
    """What a layer that reads texts has learned: it lies in no variable."""
    if isinstance(value, keras.layers.Layer) and callable(getattr(value, "get_vocabulary", None)):
        yield "vocabulary", value.get_vocabulary()


def _added(value: Any) -> Iterator[tuple[str, Any]]:
    """The attributes that a user's subclass has beyond those of Keras's or multiloss's bases."""
    if is_library(type(value).__module__):
        return
    of_keras = _bare(next((base for base in _BASES if isinstance(value, base)), None))
    for key, entry in vars(value).items():
        if key not in of_keras:
            yield key, entry


_BASES = (keras.Model, keras.layers.Layer, keras.metrics.Metric, keras.losses.Loss, keras.optimizers.Optimizer)


@functools.cache
def _bare(base: type | None) -> frozenset[str]:
    """What Keras keeps in every object of a kind, which its config tells as well."""
    if base is None:
        return frozenset()
    if base is keras.optimizers.Optimizer:
        return frozenset(vars(base(learning_rate=0.1, name="bare")))
    made = [base(name="bare")]
    if base is keras.Model:
        symbol = keras.Input((1,), name="bare")
        made += [keras.Model(symbol, symbol, name="bare"), keras.Sequential([symbol], name="bare")]
    return frozenset(key for each in made for key in vars(each))


def _items(mapping: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    return ((key, [key_of(key), entry]) for key, entry in sorted(mapping.items()))
