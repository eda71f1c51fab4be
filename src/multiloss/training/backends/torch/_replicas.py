"""Processes of PyTorch as replicas: one with each part of the batch, joined by `torch.distributed`."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import keras
import torch
import torch.distributed as dist

from ...._core.errors import invalid
from ...._core.wording import counted
from ...step import Replicas, fingerprint, together


class Processes(Replicas):
    """See `Replicas`; every collective is one call, whatever number of arrays it carries."""

    way = "scattered as they are summed up, half of a sum each"

    def __init__(self) -> None:
        self._connected: dict[tuple[int, ...], list[bool]] = {}

    @property
    def count(self) -> int:
        """See `Replicas`."""
        return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1

    def count_of(self, host: keras.Model) -> int:
        """See `Replicas`."""
        return self.count

    def gather(self, vector: torch.Tensor) -> torch.Tensor:
        """See `Replicas`."""
        if self.count == 1:
            return vector[None]
        found = [torch.empty_like(vector) for _ in range(self.count)]
        dist.all_gather(found, vector.contiguous())
        return torch.stack(found)

    def total(self, array: torch.Tensor) -> torch.Tensor:
        """See `Replicas`."""
        if self.count == 1:
            return array
        array = array.clone()
        dist.all_reduce(array)
        return array

    def of_sum(self, matrix: torch.Tensor, function: Callable[[torch.Tensor], torch.Tensor]) -> torch.Tensor:
        """See `Replicas`: each process gets the sums of its own columns, half of what all of them would send."""
        if self.count == 1:
            return function(matrix)
        rows, width = matrix.shape
        own = -(-width // self.count)
        padded = torch.nn.functional.pad(matrix, (0, own * self.count - width))
        parts = padded.reshape(rows, self.count, own).transpose(0, 1).contiguous()
        mine = matrix.new_empty((rows * own,))
        dist.reduce_scatter_tensor(mine, parts.reshape(-1))
        return self.total(function(mine.reshape(rows, own)))

    def gradients(self, gradients: Sequence[Any], variables: Sequence[keras.Variable]) -> list[Any]:
        """See `Replicas`; all are sent, in one layout, so that no two replicas can talk past each other."""
        if self.count == 1 or not variables:
            return list(gradients)
        filled = [
            torch.zeros_like(variable.value) if gradient is None else gradient
            for gradient, variable in zip(gradients, variables, strict=True)
        ]
        summed = together(self.total, [gradient.detach() for gradient in filled])
        known = self._known([gradient is not None for gradient in gradients], variables)
        return [gradient if somewhere else None for gradient, somewhere in zip(summed, known, strict=True)]

    def _known(self, known: list[bool], variables: Sequence[keras.Variable]) -> list[bool]:
        """Which variables have a gradient on some replica; asked once for the same variables."""
        key = tuple(id(variable) for variable in variables)
        if key not in self._connected:
            flags = torch.tensor(known, dtype=torch.int32, device=variables[0].value.device)
            self._connected = {key: [flag > 0 for flag in self.total(flags).tolist()]}
        return self._connected[key]

    def broadcast(self, variables: Sequence[keras.Variable]) -> None:
        """Gives all variables the values that they have in the first process, as DistributedDataParallel does."""
        if self.count == 1:
            return
        with torch.no_grad():
            for variable in variables:
                value = variable.value.detach().clone()
                dist.broadcast(value, 0)
                variable.assign(value)

    def check_same(self, variables: Sequence[keras.Variable]) -> None:
        """See `Replicas`."""
        if self.count > 1:
            rows = self.gather(torch.tensor(fingerprint(variables), device=variables[0].value.device))
            if not torch.equal(torch.nan_to_num(rows), torch.nan_to_num(rows[:1]).expand_as(rows)):
                raise invalid(
                    "All processes must hold the same weights after an epoch",
                    received="weights that differ",
                    fix="Call `fit` in all of them with the same arguments but the data, and change no weights in one "
                    "of them alone.",
                )


@contextlib.contextmanager
def written_by_one(variables: Sequence[keras.Variable]) -> Iterator[bool]:
    """Whether this process writes the files of a model: all hold the same, and the first one writes."""
    yield not (dist.is_available() and dist.is_initialized()) or dist.get_rank() == 0


def check_processes(host: keras.Model, variables: Callable[[], Sequence[keras.Variable]]) -> None:
    """Raises where the weights are spread over processes, whose gradients nobody would put together."""
    if not (dist.is_available() and dist.is_initialized()):
        return
    from torch.distributed.tensor import DTensor  # a large import that one process does not need

    spread = [variable.path for variable in variables() if isinstance(variable.value, DTensor)]
    if spread:
        raise invalid(
            "On PyTorch every process must hold the whole model",
            received=f"{counted(len(spread), 'variable')} spread over processes, such as {spread[0]!r}",
            fix="Use keras.distribution.DataParallel, or torchrun alone, in the place of ModelParallel.",
        )


def check_alone(what: str) -> None:
    """Raises for what trains each model in one process, and would wait for others that do something else.

    Args:
        what: the name of a function.
    """
    if dist.is_available() and dist.is_initialized() and dist.get_world_size() > 1:
        raise invalid(
            f"`{what}` trains each model in one process",
            received=f"a process group of {dist.get_world_size()} processes",
            fix="Start it without torchrun; several machines share the work through one folder or one database.",
        )
