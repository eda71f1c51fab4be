"""Replicas: several copies of the model, each with a part of the batch, that together take the step of one device."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Collection, Sequence
from typing import Any, ClassVar

import keras
import numpy as np
from keras import ops

from ..._core.linalg import stack
from ..._core.typing import Array
from ...terms import FAULT_SIZE, TermValue, first_fault
from ._linearized import Forward

Update = tuple[keras.Variable, Any]


class Replicas:
    """What a step asks of the other replicas; this one is alone, as on JAX, whose arrays span all devices anyway.

    Every replica calls the same methods in the same order. What `gather`, `total` and `of_sum` are given must have the
    same shape on all of them.
    """

    way: ClassVar[str] = "summed up"

    @property
    def count(self) -> int:
        """How many take part in the step that runs now; 1 outside of steps."""
        return 1

    def count_of(self, host: Any) -> int:
        """How many take part in the steps of a host, whenever it is asked."""
        return 1

    def inexact(self, host: Any) -> list[str]:
        """What the backend's optimizer does in another way than on one device, in words."""
        return []

    def gather(self, vector: Array) -> Array:
        """What every replica gave, shape `(count, n)`, in the same order everywhere."""
        return vector[None]

    def total(self, array: Array) -> Array:
        """The sum over the replicas."""
        return array

    def of_sum(self, matrix: Array, function: Callable[[Array], Array]) -> Array:
        """What a function gives for the sum of all replicas' matrices.

        Args:
            matrix: shape `(K, P)`.
            function: a sum over the columns, such as the inner products of the rows.
        """
        return function(self.total(matrix))

    def gradients(self, gradients: Sequence[Any], variables: Sequence[keras.Variable]) -> list[Any]:
        """The gradients to give to the optimizer: summed up, unless the optimizer does that itself.

        Args:
            gradients: None where unconnected.
            variables: whose they are.
        """
        return list(gradients)

    def agreed(self, updates: Sequence[Update], own: Callable[[], Collection[int]]) -> Sequence[Update]:
        """What layers shall be assigned: the mean over the replicas, of which each has seen its own part.

        Args:
            updates: variables with their next values.
            own: gives the identities of variables that are the same everywhere, or are summed up later.
        """
        if self.count == 1:
            return updates
        known = own()
        chosen = ["float" in keras.backend.standardize_dtype(v.dtype) and id(v) not in known for v, _ in updates]
        given = [value for (_, value), mean in zip(updates, chosen, strict=True) if mean]
        means = (total / self.count for total in together(self.total, given))
        return [(v, next(means) if mean else value) for (v, value), mean in zip(updates, chosen, strict=True)]

    def cond(self, condition: Any, true: Callable[[], Any], false: Callable[[], Any]) -> Any:
        """A conditional on what is the same everywhere, whose branches may ask the others."""
        return ops.cond(condition, true, false)

    def broadcast(self, variables: Sequence[keras.Variable]) -> None:
        """Gives all variables the values that they have in the first replica, where they may differ."""

    def check_same(self, variables: Sequence[keras.Variable]) -> None:
        """Raises where the variables' values differ from those of other processes; outside of a step."""


def join(forward: Forward, replicas: Replicas) -> tuple[list[Array], Forward]:
    """The losses to differentiate, whose sum over the replicas are the terms' losses; and the terms' values over all.

    A term is sum_r N_r / sum_r D_r over the replicas r: the number of labels is summed up before the backward pass, so
    that missing labels and uneven parts weigh as they do on one device.

    Args:
        forward: a forward pass of this replica's part of the batch.
        replicas: who else takes part.
    """
    values = forward.values
    if replicas.count == 1:
        return [value.loss for value in values], forward
    dtype = keras.backend.result_type("float32", *(value.numerator.dtype for value in values))
    sums = [stack([getattr(value, name) for value in values], dtype) for name in _SUMS]
    faults = [value.fault for value in values if value.fault is not None]
    vector = ops.concatenate([*sums, *(ops.cast(fault, dtype) for fault in faults)])
    everything = replicas.gather(ops.stop_gradient(vector))
    totals = ops.sum(everything[:, : len(_SUMS) * len(values)], axis=0)
    found = iter(
        first_fault([ops.cast(row, "float32") for row in part])
        for part in _parts(everything[:, len(_SUMS) * len(values) :], len(faults), replicas.count)
    )
    losses, joined = [], []
    for index, value in enumerate(values):
        over_all = {
            name: ops.cast(totals[place * len(values) + index], value.numerator.dtype)
            for place, name in enumerate(_SUMS)
        }
        if value.is_sum:
            over_all["denominator"] = ops.minimum(over_all["denominator"], 1.0)
        fault = None if value.fault is None else next(found)
        joined.append(dataclasses.replace(value, fault=fault, **over_all))
        losses.append(dataclasses.replace(value, denominator=over_all["denominator"]).loss)
    return losses, dataclasses.replace(forward, values=joined)


_SUMS = ("numerator", "denominator", "labelled", "samples")
assert {field.name for field in dataclasses.fields(TermValue)} >= {*_SUMS, "fault"}


def _parts(rows: Array, faults: int, count: int) -> list[list[Array]]:
    """For every term that looks for faults, what each replica found."""
    return [[rows[replica, FAULT_SIZE * i : FAULT_SIZE * (i + 1)] for replica in range(count)] for i in range(faults)]


def together(function: Callable[[Array], Array], arrays: Sequence[Array]) -> list[Array]:
    """A function that treats every entry alike, applied to all arrays of one dtype as one vector."""
    found: list[Any] = [None] * len(arrays)
    dtypes = [keras.backend.standardize_dtype(array.dtype) for array in arrays]
    for dtype in dict.fromkeys(dtypes):
        places = [place for place, own in enumerate(dtypes) if own == dtype]
        whole, begin = function(ops.concatenate([ops.reshape(arrays[place], (-1,)) for place in places])), 0
        for place in places:
            end = begin + math.prod(arrays[place].shape)
            found[place] = ops.reshape(whole[begin:end], arrays[place].shape)
            begin = end
    return found


def fingerprint(variables: Sequence[keras.Variable]) -> np.ndarray:
    """Two numbers that tell whether replicas hold the same: sum and sum of absolute values, outside of a step."""
    arrays = [np.asarray(ops.convert_to_numpy(v), "float64") for v in variables if "float" in str(v.dtype)]
    return np.array([sum(float(a.sum()) for a in arrays), sum(float(np.abs(a).sum()) for a in arrays)])
