"""A model's outputs by name, in whatever structure it gives them; the one place where they get their names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import keras

from ..._core.errors import invalid


def flat_output_names(model: keras.Model) -> list[str] | None:
    """A name for each output of a list, or for the only output; None for subclassed models.

    They are those of the output layers, as in Keras. A layer that gives several outputs, or is called several times,
    has `name`, `name_1`, `name_2`, ..., in the order of the list, where Keras has one name for all.
    """
    if isinstance(model, keras.Sequential):
        return [model.layers[-1].name] if model.layers else None
    return _unique(model.output_names) if hasattr(model, "output_names") else None


def declared_outputs(model: keras.Model) -> dict[str, Any]:
    """The symbolic outputs by name; empty where the model does not know them before it sees data."""
    if isinstance(model, keras.Sequential):
        return {model.layers[-1].name: model.outputs[0]} if model.built and model.inputs else {}
    return by_name(model.output, flat_output_names(model)) if hasattr(model, "output_names") else {}


def by_name(structure: Any, flat_names: Sequence[str] | None) -> dict[str, Any]:
    """A model's outputs as a dict by name, in the order in which the model gives them.

    Args:
        structure: what the model returned: a tensor, a list or tuple, a dict, or a nest of them.
        flat_names: see `flat_output_names`; None gives `output_0`, `output_1`, ...

    Raises:
        ValueError: when two outputs would have one name, such as `a/b` and the `b` within `a`.
    """
    return _dict_of(_leaves(structure, _names_like(structure, flat_names)), "Each output of the model")


def in_order_of_lists(structure: Any, flat_names: Sequence[str] | None) -> list[str]:
    """The outputs' names in the order in which Keras reads a list: that of the list, and of sorted keys in a dict."""
    return leaves_in_order(_names_like(structure, flat_names))


def leaves_in_order(structure: Any) -> list[Any]:
    """All leaves, in that order; Keras's own `tree` sorts only the outermost keys on PyTorch, and all elsewhere."""
    if isinstance(structure, Mapping):
        return [leaf for key in sorted(structure) for leaf in leaves_in_order(structure[key])]
    if isinstance(structure, list | tuple):
        return [leaf for entry in structure for leaf in leaves_in_order(entry)]
    return [structure]


def paths(argument: str, structure: Mapping[Any, Any]) -> dict[str, Any]:
    """The leaves of a nest that was given as an argument by name, as in `outer/inner`; without those that are None."""
    found = _dict_of(_leaves(structure, _names_like(structure, None)), f"Each array of `{argument}`")
    return {name: value for name, value in found.items() if value is not None}


def _dict_of(pairs: Iterable[tuple[str, Any]], what: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise invalid(
                f"{what} must have a name of its own; what is within another is called `outer/inner`",
                received=f"two called {name!r}",
                fix="Choose other keys.",
            )
        found[name] = value
    return found


def _names_like(structure: Any, flat_names: Sequence[str] | None) -> Any:
    """The names of all leaves, in the same structure."""
    if isinstance(structure, Mapping):
        return {key: _within(value, str(key)) for key, value in structure.items()}
    if not isinstance(structure, list | tuple):
        return flat_names[0] if flat_names else "output_0"
    numbered = [f"output_{index}" for index in range(len(structure))]
    if any(isinstance(entry, Mapping | list | tuple) for entry in structure):
        return [_within(value, name) for name, value in zip(numbered, structure, strict=True)]
    return list(flat_names or numbered)


def _within(structure: Any, path: str) -> Any:
    if isinstance(structure, Mapping):
        return {key: _within(value, f"{path}/{key}") for key, value in structure.items()}
    if isinstance(structure, list | tuple):
        return [_within(value, f"{path}/{index}") for index, value in enumerate(structure)]
    return path


def _leaves(structure: Any, names: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(structure, Mapping):
        for key, value in structure.items():
            yield from _leaves(value, names[key])
    elif isinstance(structure, list | tuple):
        for value, name in zip(structure, names, strict=True):
            yield from _leaves(value, name)
    else:
        yield names, structure


def _unique(names: Sequence[str]) -> list[str]:
    taken, found = set(names), []
    for name in names:
        unique, count = name, 0
        while unique in found or (count and unique in taken):
            count += 1
            unique = f"{name}_{count}"
        found.append(unique)
    return found
