"""Brings targets and predictions to one shape, or says which term has which wrong shape."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from numbers import Integral

from keras import ops

from .._core.errors import invalid
from .._core.label_form import agree
from .._core.typing import Array
from .._core.wording import counted
from ._loss_function import LossFunction

# What picks along the last axis.
Column = int | slice | Sequence[int]


def align(name: str, y_true: Array, y_pred: Array, loss: LossFunction) -> tuple[Array, Array]:
    """Target and prediction in one rank, as Keras brings them to; raises where Keras would broadcast in silence.

    Args:
        name: the term's name.
        y_true: the target; an axis of length 1 may be missing or too many at the end.
        y_pred: the prediction, which may lack such an axis too.
        loss: whether it compares entry by entry, so that the shapes must agree, and whether Keras aligns for it.
    """
    if tuple(y_true.shape) == tuple(y_pred.shape):
        return y_true, y_pred
    true_rank, pred_rank = len(y_true.shape), len(y_pred.shape)
    if true_rank == pred_rank - 1 and y_pred.shape[-1] == 1:
        if true_rank > 1 and loss.aligns and not loss.entrywise:
            y_pred = ops.squeeze(y_pred, -1)  # the last axis of such a formula is then another one
        else:
            y_true = ops.expand_dims(y_true, -1)
    elif true_rank == pred_rank + 1 and y_true.shape[-1] == 1:
        if pred_rank == 1:
            y_pred = ops.expand_dims(y_pred, -1)
        else:
            y_true = ops.squeeze(y_true, -1)
    batches_agree = agree(y_true.shape[:1], y_pred.shape[:1])
    if not batches_agree or (loss.entrywise and not agree(y_true.shape, y_pred.shape)):
        raise invalid(
            f"Term {name!r} expects a target of the prediction's shape {_shown(y_pred.shape)}",
            received=f"a target of shape {_shown(y_true.shape)}",
            fix="Reshape the target, or pick columns of the output with ml.Term(..., column=...).",
        )
    return y_true, y_pred


def _shown(shape: tuple) -> str:
    return str(tuple("batch" if size is None else int(size) for size in shape)).replace("'", "")


def pick(name: str, array: Array, column: Column) -> Array:
    """Picks columns along the last axis and keeps the axis; raises where the array has no such column.

    Args:
        name: the term's name.
        array: of the output or the target.
        column: what `check_column` gave.
    """
    width = array.shape[-1]
    if width is not None:
        _check_within(name, column, int(width))
    if isinstance(column, slice):
        return array[..., column]
    indices = [column] if isinstance(column, int) else list(column)
    return ops.take(array, [index if width is None else index % width for index in indices], axis=-1)


def check_column(column: object) -> Column | None:
    """The argument `column` in one form: None, an int, a slice or a list of ints."""
    if column is None or isinstance(column, slice):
        return column
    if isinstance(column, Integral) and not isinstance(column, bool):
        return int(column)
    indices = list(column) if isinstance(column, Iterable) and not isinstance(column, str | bytes) else []
    if not indices or not all(isinstance(index, Integral) and not isinstance(index, bool) for index in indices):
        raise invalid("`column` must be an integer, a slice or a list of integers", received=column)
    return [int(index) for index in indices]


def _check_within(name: str, column: Column, width: int) -> None:
    """Raises for columns that a backend would clamp or wrap, and for slices without any."""
    if isinstance(column, slice):
        places = [*range(width)][column]
        # The first and last column that the slice names, where Python would cut it off in silence.
        named = [edge for edge in (column.start, column.stop) if edge is not None]
        good = bool(places) and all(-width <= edge <= width for edge in named)
    else:
        good = all(-width <= index < width for index in ([column] if isinstance(column, int) else column))
    if not good:
        raise invalid(
            f"`column` of term {name!r} must lie within the {counted(width, 'column')} of its output",
            received=f"column={column!r}",
            fix=f"Columns count from 0 to {width - 1}.",
        )
