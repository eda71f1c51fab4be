"""Outputs, targets and sample weights by name, whatever structure the model and the data use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np

from ..._core.errors import invalid
from ..._core.typing import Array


class Names:
    """The names of a model's outputs, fixed at compile.

    Args:
        model: the user's model.

    Attributes:
        outputs: the names that are known before any data; None for subclassed models.
    """

    def __init__(self, model: keras.Model):
        self.outputs = declared_output_names(model)
        if isinstance(model, keras.Sequential):
            self._flat: list[str] | None = list(self.outputs or ()) or None
        else:
            self._flat = list(model.output_names) if hasattr(model, "output_names") else None

    def of_batch(self, y: Any, y_pred: Any, sample_weight: Any) -> tuple[dict, dict, dict]:
        """Outputs, targets and sample weights as dicts by name."""
        outputs = by_name(y_pred, self._flat)
        names = list(outputs)
        targets = targets_by_name(y, names)
        return outputs, targets, weights_by_name(sample_weight, names, targets)


def declared_output_names(model: keras.Model) -> tuple[str, ...] | None:
    """The output names that the model knows before it sees data; None for subclassed models."""
    if isinstance(model, keras.Sequential):
        return (model.layers[-1].name,) if model.layers else None
    if not hasattr(model, "output_names"):
        return None
    return tuple(by_name(model.output, model.output_names))


def by_name(structure: Any, flat_names: Sequence[str] | None) -> dict[str, Any]:
    """A model's outputs as a dict by name.

    Args:
        structure: what the model returned: a tensor, a list or tuple, a dict, or a nest of them.
        flat_names: the output layers' names, for functional models; None gives `output_0`, `output_1`, ...
    """
    if isinstance(structure, Mapping):
        return _paths(structure)
    if isinstance(structure, list | tuple):
        if any(isinstance(entry, Mapping | list | tuple) for entry in structure):
            return _paths({f"output_{index}": entry for index, entry in enumerate(structure)})
        names = flat_names or [f"output_{index}" for index in range(len(structure))]
        return dict(zip(names, structure, strict=True))
    return {flat_names[0] if flat_names else "output_0": structure}


def _paths(structure: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in structure.items():
        path = f"{prefix}{key}"
        if isinstance(value, Mapping):
            flat.update(_paths(value, f"{path}/"))
        elif isinstance(value, list | tuple):
            flat.update(_paths({str(index): entry for index, entry in enumerate(value)}, f"{path}/"))
        else:
            flat[path] = value
    return flat


def targets_by_name(y: Any, outputs: Sequence[str]) -> dict[str, Array]:
    """The targets as a dict: by the user's keys, or by position of the outputs."""
    if y is None:
        return {}
    if isinstance(y, Mapping):
        return {name: value for name, value in _paths(y).items() if value is not None}
    if isinstance(y, list | tuple):
        return {name: value for name, value in _zip("y", y, outputs).items() if value is not None}
    if len(outputs) == 1:
        return {outputs[0]: y}
    raise invalid(
        f"`y` must be a dict by output name, or a list in the order of the outputs {list(outputs)}",
        received=f"one array of shape {tuple(y.shape)}",
    )


def weights_by_name(sample_weight: Any, outputs: Sequence[str], targets: Mapping[str, Any]) -> dict[str, Array]:
    """The sample weights as a dict by output; the key `""` holds one array for all."""
    if sample_weight is None:
        return {}
    if isinstance(sample_weight, Mapping):
        named = {name: value for name, value in _paths(sample_weight).items() if value is not None}
        unknown = [name for name in named if name not in outputs and name not in targets]
        if unknown:
            raise invalid(
                f"The keys of `sample_weight` must be output names, {list(outputs)}",
                received=unknown,
                fix="For a weight of one term, put it into `y` and name it with ml.Term(sample_weight=...).",
            )
        return named
    if isinstance(sample_weight, list | tuple):
        named = _zip("sample_weight", sample_weight, outputs)
        return {name: value for name, value in named.items() if value is not None}
    return {"": sample_weight}


def complete_weights(y: Any, sample_weight: Any) -> Any:
    """Weights of 1 for the targets that a dict of sample weights leaves out, since Keras wants the structure of `y`."""
    if not isinstance(y, Mapping) or not isinstance(sample_weight, Mapping) or set(sample_weight) >= set(y):
        return sample_weight
    return {name: sample_weight.get(name, np.ones(len(target), "float32")) for name, target in y.items()} | {
        name: weight for name, weight in sample_weight.items() if name not in y
    }


def _zip(argument: str, values: Sequence[Any], outputs: Sequence[str]) -> dict[str, Any]:
    if len(values) != len(outputs):
        raise invalid(
            f"`{argument}` must have one entry for each of the outputs {list(outputs)}",
            received=f"{len(values)} entries",
        )
    return dict(zip(outputs, values, strict=True))
