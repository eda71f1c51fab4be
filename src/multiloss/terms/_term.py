"""`Term`: one loss on one output."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from .._core.errors import invalid
from .._core.kinds import check_flag
from .._core.linalg import filled
from .._core.registry import PACKAGE
from .._core.typing import Array
from .._core.wording import counted
from ..masks import (
    Labels,
    as_class_weight,
    as_missing,
    class_weights,
    combine,
    counting,
    product_of_weights,
    safe_prediction,
    safe_target,
    shrink,
    spread,
    whole,
)
from ..scales import get as find_scale
from ._alignment import align, check_column, pick
from ._batch import Batch, TermValue, batch_value
from ._description import Description, check_output
from ._faults import NO_FAULT, first_fault, label_fault, strange_labels, weight_fault
from ._loss_function import LossFunction, LossValues
from ._reduction import Reading, read_reduction, reduce
from ._values import as_values


@keras.saving.register_keras_serializable(PACKAGE)
@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Term(Description):
    """One loss on one output, with its scale, its missing labels and its weights per sample.

    value = sum(w * l) / number of labelled samples, with l the loss of a sample and w its weight. A sample that has
    several entries or pixels, some of them without a label, counts as the part that is labelled, so that the value is
    the mean over all labelled entries, NumPy's `nanmean`. A batch without a label gives exactly 0.

    Args:
        loss: a name as in Keras, a `keras.losses.Loss`, or a function of `(y_true, y_pred)` that gives one value per
            sample or per entry.
        output: the output that it reads; None: the key under which the term stands.
        target: the key in `y`, where it differs from the output's name.
        column: int, slice or list: picks along the last axis of the output (and of a target of the same width).
        scale: a number, a name such as `"running_mean"`, or an object: the loss is divided by it.
        missing: None, `"nan"`, or the value that stands for a missing label.
        mask: key in `y` or `x` of an array that is true (non-zero) where labels count.
        class_weight: dict from class to weight, for integer or one-hot targets.
        sample_weight: key in `y` or `x` of weights per sample, for this term only.
        reduction: `"mean"` (as in Keras: per labelled sample, which is per labelled pixel where some are missing),
            `"sample_mean"` (a sample with few labelled pixels counts as much as one with many), `"weighted_mean"`
            (divides by the sum of the weights), or `"sum"`. Keras's `"sum_over_batch_size"`, `"none"` and None are
            read as `"mean"`, `"mean_with_sample_weight"` as `"weighted_mean"`. A loss object's own holds where this
            is `"mean"`; `explain()` says what was read.
        balanced: False keeps the term out of balancing: it enters with the user's weight alone.

    Raises:
        ValueError: for arguments of the wrong kind.

    Example:
        >>> import multiloss as ml
        >>> ml.Term("mse", scale="running_mean", missing="nan").missing
        'nan'
    """

    loss: Any
    output: str | None = None
    _: dataclasses.KW_ONLY
    target: str | None = None
    column: int | slice | Sequence[int] | None = None
    scale: Any = None  # type: ignore[misc]
    missing: Any = None
    mask: str | None = None
    class_weight: Mapping[int, float] | None = None
    sample_weight: str | None = None
    reduction: str | None = "mean"
    balanced: bool = True  # type: ignore[misc]
    function: LossFunction = dataclasses.field(init=False, repr=False)
    reads_as: Reading = dataclasses.field(init=False, repr=False)

    reads_targets = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "missing", as_missing(self.missing))
        object.__setattr__(self, "column", check_column(self.column))
        object.__setattr__(self, "class_weight", as_class_weight(self.class_weight))
        for argument in ("mask", "sample_weight", "output", "target"):
            if not isinstance(getattr(self, argument), str | None):
                raise invalid(f"`{argument}` must be the name of a key", received=getattr(self, argument))
        check_flag("balanced", self.balanced)
        object.__setattr__(self, "scale", find_scale(self.scale))
        object.__setattr__(self, "function", LossFunction(self.loss))
        object.__setattr__(self, "reads_as", read_reduction(self.reduction, self.function.reduction))
        if (self.missing is not None or self.mask is not None) and self.function.couples_samples():
            raise invalid(
                f"The loss {self.function.name!r} compares the samples of a batch with each other, so it must have "
                "the labels of all of them",
                received=f"missing={self.missing!r}, mask={self.mask!r}",
                fix="Leave the samples without a label out of the data.",
            )

    @property
    def may_lack_labels(self) -> bool:  # type: ignore[override]
        """Whether labels can be missing."""
        return self.missing is not None or self.mask is not None or self.function.ignored_class is not None

    def bound(self, key: str, outputs: Sequence[str] | None) -> Term:
        """Fills in the output and the target from the key, and checks the output's name."""
        output = self.output or key
        check_output(key, output, outputs)
        return dataclasses.replace(self, output=output, target=self.target or output)

    def evaluate(self, name: str, batch: Batch) -> TermValue:
        """The term's value in a batch."""
        y_true, y_pred = self._arrays(name, batch)
        mask = self.label_mask(name, y_true, batch)
        safe_true = y_true if mask is None else safe_target(y_true, mask)
        classes, strange = self.function.number_of_classes(safe_true, y_pred), None
        if classes is not None:
            strange = strange_labels(safe_true, classes, self.function.ignored_class)
            safe_true = safe_target(safe_true, ops.logical_not(strange))
        values, value_mask = self._values(name, safe_true, y_pred, mask)
        if len(values.shape) == 0:
            return self._whole_batch(name, values, batch, value_mask)
        rank = len(safe_true.shape)
        in_full = [ops.cast(weight, values.dtype) for weight in self._given_weights(name, batch)]
        given = [product_of_weights(name, [weight], len(values.shape)) for weight in in_full]
        weights = product_of_weights(name, given, len(values.shape)) if given else None
        faults = [weight_fault(weight, value_mask) for weight in given]
        if classes is not None:
            # What stands where nothing counts may be anything.
            counts = _counted(mask, weights, rank)
            strange = strange if counts is None else ops.logical_and(strange, counts)
            faults.insert(0, label_fault(y_true, strange, classes))
        if self.class_weight is not None:
            of_classes = ops.cast(class_weights(name, safe_true, y_pred, self.class_weight, classes), values.dtype)
            weights = product_of_weights(name, [*given, of_classes], len(values.shape))
        reduced = reduce(values, value_mask, weights, batch.size, self.reads_as.reduction)
        fault = first_fault(faults) if faults else None
        if fault is not None:
            nothing = filled(reduced.numerator, np.nan)
            reduced = reduced._replace(numerator=ops.where(fault[0] > NO_FAULT, nothing, reduced.numerator))
        is_sum = self.reads_as.reduction == "sum"
        return TermValue(*reduced, batch.size, safe_true, _counted(mask, weights, rank), is_sum, fault=fault)

    def _arrays(self, name: str, batch: Batch) -> tuple[Array, Array]:
        y_pred = batch.output(name, str(self.output))
        y_true = ops.convert_to_tensor(batch.target(name, self.target or str(self.output)))
        if self.column is not None:
            same_width = len(y_true.shape) == len(y_pred.shape) and y_true.shape[-1] == y_pred.shape[-1]
            y_pred = pick(name, y_pred, self.column)
            y_true = pick(name, y_true, self.column) if same_width else y_true
        return align(name, y_true, y_pred, self.function)

    def _values(self, name: str, y_true: Array, y_pred: Array, mask: Array | None) -> LossValues:
        """Loss values (or a scalar) with the mask of those that count, the labels' and the loss's own together."""
        rank = len(y_pred.shape)
        entries = self.function.entrywise and mask is not None and len(mask.shape) == rank
        try:
            if entries and mask is not None:
                values, own = self._entries(y_true, safe_prediction(y_pred, mask))
            else:
                mask = None if mask is None else shrink(mask, min(len(mask.shape), rank - 1))
                values, own = self.function(y_true, y_pred if mask is None else safe_prediction(y_pred, mask))
        except Exception as error:
            raise invalid(
                f"The loss of term {name!r} failed on a target of shape {tuple(y_true.shape)} and a prediction of "
                f"shape {tuple(y_pred.shape)}",
                received=f"{type(error).__name__}: {error}",
                fix="Check the target's shape and dtype against the loss.",
            ) from error
        values = as_values(name, values)
        _check_values(name, values, y_pred)
        if mask is not None and len(values.shape) > 0:
            mask = whole(shrink(mask, len(values.shape)), values)
        return LossValues(values, combine(mask, own))

    def _entries(self, y_true: Array, y_pred: Array) -> LossValues:
        """The loss of each entry alone."""
        values, own = self.function(ops.expand_dims(y_true, -1), ops.expand_dims(y_pred, -1))
        if not ops.is_tensor(values):
            return LossValues(values, None)
        if len(values.shape) > len(y_pred.shape):
            values, own = ops.squeeze(values, -1), None if own is None else ops.squeeze(own, -1)
        if self.function.averages and self.reads_as.reduction == "sum":
            values = values / y_pred.shape[-1]  # what is summed are means over the last axis
        return LossValues(values, own)

    def _given_weights(self, name: str, batch: Batch) -> list[Array]:
        weights = []
        if (given := batch.weight_of(name, str(self.output))) is not None:
            weights.append(given)
        if self.sample_weight is not None:
            weights.append(batch.extra(name, "sample_weight", self.sample_weight))
        return weights

    def _whole_batch(self, name: str, value: Array, batch: Batch, mask: Array | None) -> TermValue:
        if mask is not None or self._given_weights(name, batch) or self.class_weight is not None:
            raise invalid(
                f"The loss {self.function.name!r} of term {name!r} gives one value for the whole batch, so it can "
                "take neither missing labels nor weights per sample",
                received=f"missing={self.missing!r}, mask={self.mask!r}, sample_weight={self.sample_weight!r}",
                fix="Use a loss with one value per sample, such as ml.losses.Dice().",
            )
        return batch_value(name, value, batch)

    def label_mask(self, name: str, y_true: Array, batch: Batch) -> Array | None:
        """Which of the labels count, for the loss and for the metrics of the same output; None when all do.

        Args:
            name: the term's name, for errors.
            y_true: the labels.
            batch: where the mask and the padding are.
        """
        padding = batch.masks.get(str(self.output))
        if padding is None and not self.may_lack_labels:
            return None
        given = None if self.mask is None else ops.convert_to_tensor(batch.extra(name, "mask", self.mask))
        return counting(Labels(name, y_true, self.missing, given, padding))

    def explain(self) -> tuple[str, str]:
        """What the term reads, and how it is reduced."""
        column = "" if self.column is None else f"[{self.column}]"
        target = "" if self.target == self.output else f" against {self.target}"
        missing = f", missing={self.missing!r}" if self.missing is not None else ""
        return f"{self.function.name} on {self.output}{column}{target}{missing}", self.reads_as.words


def _check_values(name: str, values: Array, y_pred: Array) -> None:
    """Raises for loss values that are neither one for the batch nor some for each sample, as far as the shapes say."""
    shape, samples = tuple(values.shape), y_pred.shape[0]
    if not shape or shape[0] == samples or samples is None or None in shape:
        return
    if math.prod(shape) % max(int(samples), 1):
        raise invalid(
            f"The loss of term {name!r} must give one value per sample, or per entry, or a scalar",
            received=f"values of shape {shape} for {counted(int(samples), 'sample')}",
            fix="Average over the last axis alone.",
        )


def _counted(mask: Array | None, weights: Array | None, rank: int) -> Array | None:
    """The targets that count, for scales: labelled, and with a weight other than 0."""
    if mask is None and weights is None:
        return None
    if weights is not None and len(weights.shape) <= rank:
        mask = combine(mask, ops.not_equal(weights, ops.zeros_like(weights)))
    return None if mask is None else spread(mask, rank)
