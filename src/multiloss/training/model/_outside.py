"""What a file may ask for when it is loaded: objects of Keras and of multiloss, and what the user has registered."""

from __future__ import annotations

import builtins
from collections.abc import Iterator, Mapping
from typing import Any

import keras

from ..._core.errors import invalid
from .._keras_seams import loads_only_safe_objects
from ._savable import named_place

# Data that Keras writes in the form of an object.
_DATA = ("__tensor__", "__keras_tensor__", "__numpy__", "__bytes__", "__ellipsis__", "__slice__")
# Where Keras looks a function of its own up, which it writes by its name alone.
_ROOMS = ("activations", "constraints", "initializers", "losses", "metrics", "optimizers", "regularizers")


def check_nothing_from_outside(config: Mapping[str, Any]) -> None:
    """Looks through all compile arguments of a file before the first object is made of them.

    Keras as it stands today imports nothing from outside either. Here it is refused by its place and its name, and
    before anything else of the file has been made.

    Args:
        config: the arguments as plain data.

    Raises:
        ValueError: for what is neither of Keras nor registered, and for a lambda unless the user allowed such code.
    """
    for argument, data in config.items():
        for path, entry in _asked_for(data, ""):
            place = named_place(argument, path)
            if entry["class_name"] == "__lambda__":
                if loads_only_safe_objects():
                    raise invalid(
                        f"{place} of the file holds a lambda, which is code that would run when it is loaded",
                        received="safe_mode=True",
                        fix="Only if you trust where the file comes from, load it with safe_mode=False.",
                    )
            elif not _is_inside(entry):
                raise invalid(
                    f"{place} of the file asks for what is neither of Keras nor of multiloss and was not registered",
                    received=_full_name(entry),
                    fix="If it is yours, import the module that registers it before you load, or give custom_objects.",
                )


def _asked_for(data: Any, path: str, inside: bool = False) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every object in the data, however deep, with the user's keys that lead to it: none within another object.

    What stands in another one comes before it: the name of a function, too, may be an object in a changed file.
    """
    if isinstance(data, list):
        for entry in data:
            yield from _asked_for(entry, path, inside)
    elif isinstance(data, Mapping):
        # An output may be called `class_name`: then what looks like an object is the user's dict.
        is_object = {"class_name", "config"} <= data.keys() and isinstance(data["class_name"], str)
        for key, entry in data.items():
            stays = inside or is_object or key.startswith("multiloss>")
            yield from _asked_for(entry, path if stays else _joined(path, key), inside or is_object)
        if is_object and data["class_name"] not in _DATA:
            yield path, data


def _joined(path: str, key: str) -> str:
    return f"{path}/{key}" if path else key


def _is_inside(entry: Mapping[str, Any]) -> bool:
    """Whether the name leads to Keras, or to what the user registered or gave with `custom_objects`."""
    name, module = _name(entry), str(entry.get("module") or "")
    by_name = name if entry["class_name"] == "function" else entry.get("registered_name", name)
    if keras.saving.get_registered_object(str(by_name)) is not None:
        return True
    root = module.split(".")[0]
    if root == "builtins":
        return not hasattr(builtins, name) or any(hasattr(getattr(keras, room), name) for room in _ROOMS)
    return root == "keras"  # where Keras itself decides


def _name(entry: Mapping[str, Any]) -> str:
    return str(entry["config"] if entry["class_name"] == "function" else entry["class_name"])


def _full_name(entry: Mapping[str, Any]) -> str:
    module = entry.get("module")
    return f"{module}.{_name(entry)}" if module else _name(entry)
