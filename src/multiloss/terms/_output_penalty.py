"""`OutputPenalty`: pulls an output towards a value."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import keras
from keras import ops

from .._core.errors import invalid
from .._core.kinds import check_flag
from .._core.label_form import agree
from .._core.registry import PACKAGE
from ..masks import Labels, counting, whole
from ._alignment import check_column, pick
from ._batch import Batch, TermValue, batch_value
from ._description import Description, check_output
from ._norms import entry_function
from ._reduction import reduce
from ._values import as_values


@keras.saving.register_keras_serializable(PACKAGE)
@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class OutputPenalty(Description):
    """A penalty on an output's distance from a value; needs no target.

    value = mean over batch and entries of |p - t| (`"l1"`) or (p - t)^2 (`"l2"`); steps of a sequence that Keras masks
    as padding do not count.

    Args:
        norm: `"l1"`, `"l2"`, or a function of the difference that gives one value per entry or a scalar; on an output
            with a mask at least one per step.
        output: the output that it reads; None: the key under which it stands, or the model's only output.
        column: picks along the last axis.
        target_value: the value t, in the output's own units.
        balanced: False keeps the term out of balancing.

    Example:
        >>> import multiloss as ml
        >>> ml.OutputPenalty("l1", output="price", target_value=1.0).target_value
        1.0
    """

    norm: str | Callable[..., Any]
    output: str | None = None
    _: dataclasses.KW_ONLY
    column: int | slice | Sequence[int] | None = None
    target_value: float = 0.0
    balanced: bool = True  # type: ignore[misc]

    def __post_init__(self) -> None:
        check_flag("balanced", self.balanced)
        entry_function(self.norm)
        object.__setattr__(self, "column", check_column(self.column))

    def bound(self, key: str, outputs: Sequence[str] | None) -> OutputPenalty:
        """Fills in the output: the key if it is one, else the only output."""
        output = self.output
        if output is None:
            output = outputs[0] if outputs is not None and len(outputs) == 1 else key
        check_output(key, output, outputs)
        return dataclasses.replace(self, output=output)

    def evaluate(self, name: str, batch: Batch) -> TermValue:
        """The mean penalty."""
        y_pred = batch.output(name, str(self.output))
        if self.column is not None:
            y_pred = pick(name, y_pred, self.column)
        difference = y_pred - self.target_value
        function: Any = entry_function(self.norm) or self.norm
        values = as_values(name, function(difference))
        padding = counting(Labels(name, y_pred, padding=batch.masks.get(str(self.output))))
        if padding is None:
            value = batch_value(name, ops.mean(values), batch)
            return dataclasses.replace(value, is_whole=len(values.shape) == 0)
        rank = len(padding.shape)
        if len(values.shape) < rank or not agree(tuple(values.shape[:rank]), tuple(padding.shape)):
            raise invalid(
                f"The norm of term {name!r} must give a value for each step of the sequence, of which some are padding",
                received=f"a value of shape {tuple(values.shape)} for a mask of shape {tuple(padding.shape)}",
                fix="Average over the axes after the steps alone.",
            )
        return TermValue(*reduce(values, whole(padding, values), None, batch.size, "mean"), batch.size)

    def explain(self) -> tuple[str, str]:
        """What the term reads, and how it is reduced."""
        norm = self.norm if isinstance(self.norm, str) else getattr(self.norm, "__name__", "penalty")
        return f"{norm} of {self.output} from {self.target_value}", "mean over batch and entries"
