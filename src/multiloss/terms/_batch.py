"""What a term may read in one step, and what it gives back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
from keras import ops

from .._core.errors import invalid, unknown_name
from .._core.linalg import to_float
from .._core.typing import Array


@dataclass(frozen=True)
class Batch:
    """One batch, with targets and outputs by name.

    Attributes:
        x: the model's inputs, as given.
        y_true: targets by output name or by the user's own key; empty when the batch has none.
        y_pred: outputs by name, float32 or better.
        sample_weight: weights by output, by target and by term, which goes before its output (None for a term without
            any); the key `""` holds one array for all.
        model: the user's model.
        step: scalar int, steps applied so far.
        masks: the masks that layers hung on outputs (of padded sequences), by name.
        features: outputs of inner layers, by layer name, for the terms that ask for them.
    """

    x: Any
    y_true: Mapping[str, Array]
    y_pred: Mapping[str, Array]
    sample_weight: Mapping[str, Array | None]
    model: Any
    step: Array
    masks: Mapping[str, Array] = field(default_factory=dict)
    features: Mapping[str, Array] = field(default_factory=dict)

    @property
    def size(self) -> Array | np.float32:
        """The number of samples, float32; a plain number where the shape says it, so that nothing is computed."""
        first = next(iter(self.y_pred.values()))
        size = ops.shape(first)[0]
        return np.float32(size) if isinstance(size, int) else ops.cast(size, "float32")

    def output(self, term: str, key: str) -> Array:
        """The output `key`, or an error that names the term."""
        if key not in self.y_pred:
            raise unknown_name(
                "output", key, self.y_pred, f"Term {term!r} must stand under an output's name, or say what it reads."
            )
        return self.y_pred[key]

    def feature(self, term: str, layer: str) -> Array:
        """The output of an inner layer, or an error that names the term."""
        if layer not in self.features:
            raise unknown_name(f"layer of term {term!r},", layer, self.features, "Only a trainer's step knows layers.")
        return self.features[layer]

    def target(self, term: str, key: str) -> Array:
        """The target `key`, or an error that names the term."""
        if key not in self.y_true:
            raise unknown_name(
                f"target of term {term!r},", key, self.y_true, "Add it to `y`, or name another with Term(target=...)."
            )
        return self.y_true[key]

    def extra(self, term: str, argument: str, key: str) -> Array:
        """A mask or a weight that the user keeps in `y` or in `x` under `key`."""
        if key in self.y_true:
            return self.y_true[key]
        if isinstance(self.x, Mapping) and key in self.x:
            return self.x[key]
        known = [*self.y_true, *(self.x if isinstance(self.x, Mapping) else ())]
        raise unknown_name(f"key of term {term!r}, argument `{argument}`,", key, known, "Add it to `y` or `x`.")

    def weight_of(self, term: str, output: str) -> Array | None:
        """The sample weights that `fit` was given for a term, or for its output."""
        weights = self.sample_weight
        return weights[term] if term in weights else weights.get(output, weights.get(""))


@dataclass(frozen=True)
class TermValue:
    """A term's value in one batch, as a fraction so that epochs can be averaged rightly.

    Numbers that the shapes alone decide are NumPy scalars, not tensors.

    Attributes:
        numerator: scalar: sum of weights times losses.
        denominator: scalar: number of labelled samples (fractional where single entries are missing); 0 without any.
        labelled: scalar: number of labelled samples, for the log.
        samples: scalar: number of samples in the batch.
        targets: the targets with safe values, for scales; None without a target.
        mask: 1 where a target is labelled and has a weight other than 0, in the rank of `targets`; None where all are.
        is_sum: whether the denominator is 1 however many labels there are, so that it does not grow with the batch.
        is_whole: whether a function gave one number for the whole batch, which its parts do not add up to.
        fault: what is wrong with labels or weights, a vector as `_faults.py` has it; None where nothing was looked at.
    """

    numerator: Array
    denominator: Array
    labelled: Array
    samples: Array
    targets: Array | None = None
    mask: Array | None = None
    is_sum: bool = False
    is_whole: bool = False
    fault: Array | None = None

    @property
    def loss(self) -> Array:
        """The mean, exactly 0 for a batch without labels."""
        if isinstance(self.denominator, np.floating) and self.denominator:
            return self.numerator / self.denominator
        empty = ops.equal(self.denominator, ops.zeros_like(self.denominator))
        return ops.where(empty, ops.zeros_like(self.numerator), self.numerator) / ops.where(
            empty, ops.ones_like(self.denominator), self.denominator
        )

    @property
    def present(self) -> Array | np.bool_:
        """Whether the batch has a label for the term."""
        return self.denominator > 0


def batch_value(term: str, value: Array, batch: Batch) -> TermValue:
    """Wraps a scalar for the whole batch, or one value per sample, into a `TermValue`."""
    value = to_float(value)
    if len(value.shape) > 1 or (len(value.shape) == 1 and not _one_per_sample(value, batch)):
        raise invalid(
            f"Term {term!r} must give a scalar or one value per sample",
            received=f"a value of shape {tuple(value.shape)}",
            fix="Average over the other axes, and over the batch or not at all.",
        )
    numerator = ops.sum(value) if len(value.shape) == 1 else value * batch.size
    return TermValue(numerator, batch.size, batch.size, batch.size, is_whole=len(value.shape) == 0)


def _one_per_sample(value: Array, batch: Batch) -> bool:
    """Whether a vector is as long as the batch, as far as the shapes say."""
    given, samples = value.shape[0], next(iter(batch.y_pred.values())).shape[0]
    return given is None or samples is None or given == samples


def signed(target: Any) -> Any:
    """Unsigned integers as signed ones, in which a user's own formula does not wrap round; all else as it is."""
    wider = {"uint8": "int32", "uint16": "int32", "uint32": "int64"}
    dtype = keras.backend.standardize_dtype(target.dtype)
    return ops.cast(target, wider[dtype]) if dtype in wider else target
