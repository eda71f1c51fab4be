"""Outputs, targets and sample weights by name, whatever structure the model and the data use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras

from ..._core.errors import invalid
from ..._core.typing import Array
from ...terms import Description
from ._outputs import by_name, declared_outputs, flat_output_names, in_order_of_lists, leaves_in_order, paths
from ._packed import unpacked
from ._weights import WeightReaders, weight_readers, weights_by_key, weights_for_all


class Names:
    """The names of a model's outputs, and the order in which a list is read; both fixed at compile.

    Args:
        model: the user's model.

    Attributes:
        outputs: the names that are known before any data; None for subclassed models.
        listed: the same in Keras's order of a list: sorted by key where the model gives a dict.
        inputs: the names of the inputs in the structure of the model's inputs; None for subclassed models.
    """

    def __init__(self, model: keras.Model):
        self._flat = flat_output_names(model)
        declared = declared_outputs(model)
        self.outputs = tuple(declared or (self._flat or ())) or None
        nested = declared and not isinstance(model, keras.Sequential)
        self.listed = tuple(in_order_of_lists(model.output, self._flat)) if nested else self.outputs
        self.inputs = _input_names(model)
        self._readers = WeightReaders({}, others=True)
        self._extras: set[str] = set()

    def read_by(self, terms: Mapping[str, Description | None], weighted_metrics: bool = False) -> None:
        """Tells who reads the targets and weights.

        Args:
            terms: all bound terms, by name.
            weighted_metrics: whether metrics are weighted.
        """
        self._readers = weight_readers(terms, weighted_metrics)
        keys = [getattr(term, key, None) for term in terms.values() for key in ("mask", "sample_weight")]
        self._extras = {key for key in keys if isinstance(key, str)}

    @property
    def known(self) -> set[str]:
        """The names by which the outputs and terms read targets and weights."""
        targets = {target for _, target in self._readers.terms.values()}
        return {*(self.outputs or ()), *self._readers.terms, *targets, *self._extras}

    def of_outputs(self, y_pred: Any) -> dict[str, Array]:
        """The outputs by name, in the order of the model: what came back from a transformation may be sorted anew."""
        found = by_name(y_pred, self._flat)
        return found if self.outputs is None else {name: found[name] for name in self.outputs if name in found}

    def of_batch(self, y: Any, y_pred: Any, sample_weight: Any) -> tuple[dict, dict, dict]:
        """Outputs, targets and sample weights as dicts by name."""
        y, sample_weight = unpacked(y, sample_weight)
        outputs = self.of_outputs(y_pred)
        listed = self.listed or in_order_of_lists(y_pred, None)
        targets = self._targets(y, listed)
        return outputs, targets, self._weights(sample_weight, listed, targets)

    def _targets(self, y: Any, listed: Sequence[str]) -> dict[str, Array]:
        """By the user's keys, or by position of the outputs."""
        if y is None:
            return {}
        if isinstance(y, Mapping):
            return paths("y", y)
        if isinstance(y, list | tuple):
            return self._by_position("y", leaves_in_order(y), listed)
        if len(listed) == 1:
            return {listed[0]: y}
        trained = self._trained(listed)
        if len(trained) == 1:
            return {trained[0]: y}
        raise invalid(
            f"`y` must be a dict by output name, or a list in the order of the outputs {list(listed)}",
            received=f"one array of shape {tuple(y.shape)}",
        )

    def _weights(self, sample_weight: Any, listed: Sequence[str], targets: Mapping[str, Any]) -> dict[str, Any]:
        if sample_weight is None:
            return {}
        if isinstance(sample_weight, Mapping):
            named = paths("sample_weight", sample_weight)
        elif isinstance(sample_weight, list | tuple):
            named = self._by_position("sample_weight", leaves_in_order(sample_weight), listed)
        else:
            return weights_for_all(sample_weight, self._readers)
        return weights_by_key(named, listed, list(targets), self._readers)

    def _trained(self, listed: Sequence[str]) -> list[str]:
        """The outputs whose own targets some term reads."""
        read = {target for _, target in self._readers.terms.values()}
        return [name for name in listed if name in read]

    def _by_position(self, argument: str, values: Sequence[Any], listed: Sequence[str]) -> dict[str, Any]:
        """A list has an entry for each output, or as in Keras for each output with a loss."""
        trained = self._trained(listed)
        names = trained if len(values) == len(trained) else listed
        if len(values) != len(names):
            raise invalid(
                f"`{argument}` must have one entry for each of the outputs {list(listed)}",
                received=f"{len(values)} entries",
                fix="Or write a dict by output name.",
            )
        return {name: value for name, value in zip(names, values, strict=True) if value is not None}


def _input_names(model: keras.Model) -> Any:
    if isinstance(model, keras.Sequential) or not getattr(model, "inputs", None) or not hasattr(model, "output_names"):
        return None
    if isinstance(model.input, Mapping):
        return {key: key for key in model.input}
    return keras.tree.map_structure(lambda tensor: tensor.name, model.input)
