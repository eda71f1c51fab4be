"""Brings targets and predictions to one shape, or says which term has which wrong shape."""

from __future__ import annotations

from collections.abc import Sequence

from keras import ops

from .._core.errors import invalid
from .._core.typing import Array
from ._loss_function import LossFunction


def align(name: str, y_true: Array, y_pred: Array, loss: LossFunction) -> tuple[Array, Array]:
    """Target and prediction in one rank, as Keras brings them to; raises where Keras would broadcast in silence.

    Args:
        name: the term's name.
        y_true: the target; an axis of length 1 may be missing or too many at the end.
        y_pred: the prediction, which may lack such an axis too.
        loss: whether it compares entry by entry, so that the shapes must agree, and whether Keras aligns for it.
    """
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
    batches_agree = _agree(y_true.shape[:1], y_pred.shape[:1])
    if not batches_agree or (loss.entrywise and not _agree(y_true.shape, y_pred.shape)):
        raise invalid(
            f"Term {name!r} expects a target of the prediction's shape {_shown(y_pred.shape)}",
            received=f"a target of shape {_shown(y_true.shape)}",
            fix="Reshape the target, or pick columns of the output with ml.Term(..., column=...).",
        )
    return y_true, y_pred


def _agree(first: tuple, second: tuple) -> bool:
    pairs = zip(first, second, strict=False)
    return len(first) == len(second) and all(a == b or a is None or b is None for a, b in pairs)


def _shown(shape: tuple) -> str:
    return str(tuple("batch" if size is None else int(size) for size in shape)).replace("'", "")


def pick(array: Array, column: int | slice | Sequence[int]) -> Array:
    """Picks columns along the last axis and keeps the axis."""
    if isinstance(column, slice):
        return array[..., column]
    indices = [column] if isinstance(column, int) else list(column)
    width = array.shape[-1]
    return ops.take(array, [index % width for index in indices], axis=-1)
