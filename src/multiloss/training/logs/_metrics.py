"""Metrics by output, which see the labels of their output that count."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
from keras import ops

from ..._core.errors import invalid, unknown_name
from ..._core.label_form import form_by_shape
from ..._core.typing import Array
from ...masks import shrink, spread, whole
from .._keras_seams import directed


def _by_shape(kind: str) -> Callable[[Array, Array], Array]:
    """The binary, categorical or sparse categorical form of a metric, by the shapes, as Keras chooses."""

    def metric(y_true: Array, y_pred: Array) -> Array:
        return getattr(keras.metrics, f"{form_by_shape(y_true, y_pred)}_{kind}")(y_true, y_pred)

    return metric


_BY_SHAPE = {name: _by_shape("accuracy") for name in ("accuracy", "acc")}
_BY_SHAPE |= {name: _by_shape("crossentropy") for name in ("crossentropy", "ce")}

# Metrics in which every entry counts alike, so that entries may be left out one by one.
_BY_ENTRY = (
    keras.metrics.Accuracy,
    keras.metrics.BinaryAccuracy,
    keras.metrics.BinaryCrossentropy,
    keras.metrics.FalseNegatives,
    keras.metrics.FalsePositives,
    keras.metrics.Hinge,
    keras.metrics.LogCoshError,
    keras.metrics.MeanAbsoluteError,
    keras.metrics.MeanAbsolutePercentageError,
    keras.metrics.MeanSquaredError,
    keras.metrics.MeanSquaredLogarithmicError,
    keras.metrics.Poisson,
    keras.metrics.PrecisionAtRecall,
    keras.metrics.RecallAtPrecision,
    keras.metrics.RootMeanSquaredError,
    keras.metrics.SensitivityAtSpecificity,
    keras.metrics.SpecificityAtSensitivity,
    keras.metrics.SquaredHinge,
    keras.metrics.TrueNegatives,
    keras.metrics.TruePositives,
)


def make_metric(identifier: Any, output: str) -> keras.metrics.Metric:
    """A metric object from a name, a class, a function or an object."""
    if isinstance(identifier, str) and identifier.lower() in _BY_SHAPE:  # as Keras reads it: "Accuracy" too
        metric = keras.metrics.MeanMetricWrapper(_BY_SHAPE[identifier.lower()], name=identifier)
        return directed(metric, "up" if identifier.lower() in ("accuracy", "acc") else "down")
    try:
        metric = keras.metrics.get(identifier)
    except ValueError as error:
        raise unknown_name(f"metric of output {output!r},", identifier, ["accuracy", "mae", "..."]) from error
    if isinstance(metric, keras.metrics.Metric):
        if isinstance(identifier, str):
            metric.name = identifier  # "mae" logs as `mae`, as in Keras
        return metric
    if callable(metric):
        name = identifier if isinstance(identifier, str) else getattr(metric, "__name__", "metric")
        return keras.metrics.MeanMetricWrapper(metric, name=name)
    raise invalid(f"A metric of output {output!r} must be a name, a function or a Metric", received=identifier)


def update(
    metric: keras.metrics.Metric, y_true: Array, y_pred: Array, weight: Array | None, mask: Array | None
) -> None:
    """Updates a metric with the labels that count.

    A metric that is a mean or a count of entries sees all entries that count; for any other, a group of entries along
    the last axis counts only when all of it does.

    Args:
        metric: the metric.
        y_true: targets, with safe values where they do not count.
        y_pred: predictions.
        weight: sample weights, or None.
        mask: bool, the leading axes of the labels, or None where all count.
    """
    if mask is None:
        metric.update_state(y_true, y_pred, **({} if weight is None else {"sample_weight": weight}))
        return
    _check_takes_weights(metric)
    weights = None if weight is None else ops.cast(weight, "float32")
    # Metrics that count in integers (IoU) warn of weights that are none.
    dtype = "int32" if weights is None and "int" in metric.dtype else "float32"
    rank = len(y_pred.shape)
    aligned = _aligned(y_true, y_pred)
    if aligned is not None and rank > 1 and _by_entry(metric):
        kept = ops.cast(whole(shrink(mask, rank), y_pred), dtype)
        if weights is not None:
            kept = kept * spread(weights, rank)
        entries = [ops.reshape(array, (-1, 1)) for array in (aligned, y_pred)]
        metric.update_state(*entries, sample_weight=ops.reshape(kept, (-1,)))
        return
    rows = shrink(mask, max(1, rank - 1))
    if rank > 1 and len(y_true.shape) == rank and y_true.shape[-1] == y_pred.shape[-1]:
        y_true, y_pred = _with_a_class(y_true, rows), _with_a_class(y_pred, rows)
    kept = ops.cast(rows, dtype)
    if weights is not None:
        most = max(len(kept.shape), len(weights.shape))
        kept = spread(kept, most) * spread(weights, most)
    metric.update_state(y_true, y_pred, sample_weight=kept)


def _with_a_class(array: Array, rows: Array) -> Array:
    """Where a row does not count, the last class: a row of zeros has no correlation, and NaN times 0 is NaN."""
    width = array.shape[-1]
    last = ops.cast(ops.arange(width) == width - 1, array.dtype)
    return ops.where(spread(rows, len(array.shape)), array, last)


def _check_takes_weights(metric: keras.metrics.Metric) -> None:
    asked = inspect.signature(metric.update_state).parameters
    if "sample_weight" not in asked and not any(each.kind is each.VAR_KEYWORD for each in asked.values()):
        raise invalid(
            f"The metric {metric.name!r} must take `sample_weight`, since not all labels of its output count",
            received=f"update_state({', '.join(asked)})",
            fix="Add the argument sample_weight=None: it is 0 where a label is missing or a step is padding.",
        )


def _aligned(y_true: Array, y_pred: Array) -> Array | None:
    """The targets with an entry for each of the predictions; None where they have not."""
    if len(y_true.shape) == len(y_pred.shape) - 1 and y_pred.shape[-1] == 1:
        y_true = ops.expand_dims(y_true, -1)
    elif len(y_true.shape) == len(y_pred.shape) + 1 and y_true.shape[-1] == 1:
        y_true = ops.squeeze(y_true, -1)
    return y_true if tuple(y_true.shape[1:]) == tuple(y_pred.shape[1:]) else None


def _by_entry(metric: keras.metrics.Metric) -> bool:
    if isinstance(metric, keras.metrics.AUC):
        return not metric.multi_label
    if isinstance(metric, keras.metrics.Precision | keras.metrics.Recall):
        return metric.top_k is None and metric.class_id is None
    if isinstance(metric, keras.metrics.IoU):
        return metric.sparse_y_true and metric.sparse_y_pred
    return isinstance(metric, _BY_ENTRY)


class OutputMetrics(keras.metrics.Metric):
    """All metrics of a model, by output.

    Args:
        metrics: as for Keras: a dict by output name, a list in the order of the outputs, or a list for one output.
        weighted_metrics: the same, for metrics that also see the sample weights.
        outputs: the output names, or None while they are not known.
    """

    def __init__(self, metrics: Any, weighted_metrics: Any, outputs: Sequence[str] | None):
        super().__init__(name="metrics")
        self.built = False
        self._plain = self._entries(metrics, outputs, "metrics")
        self._weighted = self._entries(weighted_metrics, outputs, "weighted_metrics")
        self._prefixed = outputs is None or len(outputs) > 1
        # A list for a model whose outputs are not known yet is for its only output: that is seen with the first batch.
        self._for_one = outputs is None and any(m and not isinstance(m, Mapping) for m in (metrics, weighted_metrics))

    @staticmethod
    def _entries(metrics: Any, outputs: Sequence[str] | None, argument: str) -> list[tuple[str, keras.metrics.Metric]]:
        if not metrics:
            return []
        if isinstance(metrics, Mapping):
            by_output = dict(metrics)
        elif outputs is not None and len(outputs) > 1:
            if not isinstance(metrics, list | tuple) or len(metrics) != len(outputs):
                raise invalid(
                    f"`{argument}` must be a dict by output name, or a list with one entry for each output "
                    f"{list(outputs)}",
                    received=metrics,
                )
            by_output = dict(zip(outputs, metrics, strict=True))
        elif outputs is None and isinstance(metrics, list | tuple) and isinstance(metrics[0], list | tuple):
            by_output = {f"output_{index}": wanted for index, wanted in enumerate(metrics)}
        else:
            by_output = {outputs[0] if outputs else "output_0": metrics}
        entries = []
        for output, wanted in by_output.items():
            if outputs is not None and output not in outputs:
                raise unknown_name(f"output in `{argument}`", output, outputs)
            for identifier in wanted if isinstance(wanted, list | tuple) else [wanted]:
                if identifier is not None:
                    entries.append((output, make_metric(identifier, output)))
        return entries

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        """The single metrics."""
        return [metric for _, metric in [*self._plain, *self._weighted]]

    @property
    def variables(self) -> list[keras.Variable]:
        """The variables of all metrics."""
        return [variable for metric in self.metrics for variable in metric.variables]

    def update_state(
        self,
        y_true: Mapping[str, Array],
        y_pred: Mapping[str, Array],
        sample_weight: Mapping[str, Array],
        masks: Mapping[str, Array],
    ) -> None:
        """Updates every metric with its output.

        Args:
            y_true: targets with safe values, by output.
            y_pred: outputs by name.
            sample_weight: weights by output; `""` for all.
            masks: true where a label counts, by output, the labels' leading axes; absent where all do.
        """
        if self._for_one and len(y_pred) > 1:
            raise invalid(
                f"`metrics` must be a dict by output name, for the outputs {list(y_pred)}", received="a list or a name"
            )
        for output, _ in [*self._plain, *self._weighted]:
            if output not in y_pred:
                raise unknown_name("output in `metrics`", output, y_pred)
            if output not in y_true:
                raise unknown_name("target of the metrics of output", output, y_true, "Add it to `y`.")
        for output, metric in self._plain:
            update(metric, y_true[output], y_pred[output], None, masks.get(output))
        for output, metric in self._weighted:
            weight = sample_weight.get(output, sample_weight.get(""))
            update(metric, y_true[output], y_pred[output], weight, masks.get(output))
        self._prefixed = len(y_pred) > 1  # the outputs of a subclassed model are known only now
        self.built = True

    def result(self) -> dict[str, Array]:
        """All results by name."""
        return {name: metric.result() for name, metric in zip(self.log_names(), self.metrics, strict=True)}

    def log_names(self) -> list[str]:
        """The names of the metrics, each `output_metric` as in Keras (no prefix for a single output)."""
        names: list[str] = []
        for kind, entries in (("", self._plain), ("weighted_", self._weighted)):
            for output, metric in entries:
                prefix = f"{output}_" if self._prefixed else ""
                name = prefix + metric.name
                if name in names:
                    name = prefix + kind + metric.name
                stem, count = name, 1
                while name in names:
                    name, count = f"{stem}_{count}", count + 1
                names.append(name)
        return names

    def reset_state(self) -> None:
        """Resets every metric."""
        for metric in self.metrics:
            metric.reset_state()
