"""A few validation samples with what every balancer's model made of them; only for drawing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from keras import ops

from ..._core.damage import damaged
from ..._core.stored import read_arrays, write_arrays

Arrays = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Samples:
    """Arrays whose first axis runs over the same few samples.

    Attributes:
        inputs: by input name.
        targets: by output name; absent outputs have none.
        predictions: by balancer, then by output name.
        seed: the seed of the runs that predicted.
    """

    inputs: Arrays
    targets: Arrays
    predictions: Mapping[str, Arrays] = field(default_factory=dict)
    seed: int = 0

    def with_prediction(self, balancer: str, arrays: Arrays) -> Samples:
        """The same samples with one balancer's predictions added."""
        return Samples(self.inputs, self.targets, {**self.predictions, balancer: arrays}, self.seed)

    def save(self, path: Path) -> None:
        """Writes one `.npz`, in one move."""
        entries = [("input", "", name, array) for name, array in self.inputs.items()]
        entries += [("target", "", name, array) for name, array in self.targets.items()]
        for balancer, arrays in self.predictions.items():
            entries += [("prediction", balancer, name, array) for name, array in arrays.items()]
        # Names are the user's and may hold any sign, so the archive's own names are numbers.
        header = json.dumps({"seed": self.seed, "entries": [entry[:3] for entry in entries]})
        by_number = {str(number): entry[3] for number, entry in enumerate(entries)}
        write_arrays(path, {"header": np.array(header), **by_number})

    @classmethod
    def load(cls, path: Path) -> Samples:
        """Reads what `save` wrote.

        Raises:
            ValueError: when it is not as it was written.
        """
        arrays = read_arrays(path)
        try:
            header = json.loads(str(arrays["header"]))
            groups: dict[str, dict[str, Any]] = {"input": {}, "target": {}, "prediction": {}}
            for number, (kind, balancer, name) in enumerate(header["entries"]):
                group = groups[kind] if kind != "prediction" else groups[kind].setdefault(balancer, {})
                group[name] = arrays[str(number)]
            return cls(groups["input"], groups["target"], groups["prediction"], header["seed"])
        except (KeyError, TypeError, ValueError) as error:
            raise damaged(path, f"{type(error).__name__}: {error}") from error


def name_arrays(value: Any, names: list[str], fallback: str) -> dict[str, np.ndarray]:
    """A structure of tensors as NumPy arrays by name; arrays that are not numbers are left out.

    Args:
        value: a dict, a list or tuple in the order of `names`, or one tensor.
        names: names for a list or for the one tensor.
        fallback: the name where `names` has none; numbered in a list.
    """
    if value is None:
        return {}
    if isinstance(value, Mapping):
        found = {str(name): value[name] for name in value}
    elif isinstance(value, list | tuple):
        found = {
            names[place] if place < len(names) else f"{fallback}_{place}": entry for place, entry in enumerate(value)
        }
    else:
        found = {names[0] if len(names) == 1 else fallback: value}
    arrays = {name: np.asarray(ops.convert_to_numpy(entry)) for name, entry in found.items()}
    return {name: array for name, array in arrays.items() if array.dtype.kind in "biuf"}
