"""Backward passes as every backend supplies them: seeds in, gradients out."""

from __future__ import annotations

import abc
from collections.abc import Sequence
from typing import Any, ClassVar

from keras import ops

from .._core.typing import Array
from ._taps import Recording

Seeds = Sequence[Any]


class Pullback(abc.ABC):
    """Gradients of sum(seed_t * loss_t) after one forward pass; a seed of None leaves a term out.

    Attributes:
        recording: what the tapped layers took in and gave out.
        batches: whether several backward passes run as one when nobody says how.
    """

    recording: Recording
    batches: ClassVar[bool] = False

    @abc.abstractmethod
    def __call__(
        self, seeds: Seeds, variables: Sequence[int], records: Sequence[int] = (), *, dense: bool = False
    ) -> list[Any]:
        """One backward pass.

        Args:
            seeds: one for each term.
            variables: trainable variables, by index.
            records: recorded outputs, by number.
            dense: turn sparse gradients into tensors.

        Returns:
            The gradients by the variables, then by the outputs; None where unreached.
        """

    @abc.abstractmethod
    def reach(self) -> list[set[int]]:
        """For every term, the indices of the trainable variables that it reaches structurally."""

    @abc.abstractmethod
    def _together(self, rows: Sequence[Seeds], variables: Sequence[int], records: Sequence[int]) -> list[Any]:
        """Several backward passes as one: gradients with a leading axis for the rows, None where no row reaches."""

    def rows(self, rows: Sequence[Seeds], variables: Sequence[int], records: Sequence[int], backward: str) -> list[Any]:
        """One backward pass for each row of seeds.

        Args:
            rows: K times the seeds of all terms.
            variables: trainable variables, by index.
            records: recorded outputs, by number.
            backward: `"loop"`, `"batched"`, or `"auto"` for what is faster on this backend.

        Returns:
            The gradients by the variables, then by the outputs, each of shape `(K, ...)`; None where no row reaches.
        """
        if backward == "batched" or (backward == "auto" and self.batches):
            return self._together(rows, variables, records)
        pulled = [self(seeds, variables, records, dense=True) for seeds in rows]
        return [_stacked(column) for column in zip(*pulled, strict=True)]


def _stacked(gradients: Sequence[Any]) -> Array | None:
    known = next((gradient for gradient in gradients if gradient is not None), None)
    if known is None:
        return None
    return ops.stack([ops.zeros_like(known) if gradient is None else gradient for gradient in gradients])


def single_seed(term: int, num_terms: int, value: Any) -> list[Any]:
    """Seeds that pull one term alone; a zero in the others' place would let their NaN through, as 0 * NaN."""
    return [value if index == term else None for index in range(num_terms)]
