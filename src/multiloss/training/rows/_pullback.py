"""Backward passes as every backend supplies them: cotangents in, gradients out."""

from __future__ import annotations

import abc
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from keras import ops

from ..._core.typing import Array
from ._captured import Activations, CapturedLayer
from ._products import Products

# One for each term; None leaves the term out.
Cotangents = Sequence[Any]


class Peers(Protocol):
    """What inner products ask of the other replicas; see `step.Replicas`."""

    @property
    def count(self) -> int: ...
    def total(self, array: Array) -> Array: ...
    def of_sum(self, matrix: Array, function: Callable[[Array], Array]) -> Array: ...


class Pullback(abc.ABC):
    """Gradients of sum(cotangent_t * loss_t) after one forward pass; a cotangent of None leaves a term out.

    Attributes:
        losses: one scalar for each term.
        activations: what the captured layers took in and gave out.
    """

    losses: Sequence[Any]
    activations: Activations

    @abc.abstractmethod
    def __call__(
        self, cotangents: Cotangents, variables: Sequence[int], calls: Sequence[int] = (), *, dense: bool = False
    ) -> list[Any]:
        """One backward pass.

        Args:
            cotangents: one for each term.
            variables: trainable variables, by index.
            calls: captured calls of layers, by number.
            dense: turn sparse gradients into tensors.

        Returns:
            The gradients by the variables, then by the calls' outputs; None where unconnected.
        """

    @abc.abstractmethod
    def connected(self) -> list[set[int]]:
        """For every term, the indices of the trainable variables that it is structurally connected to."""

    def connected_calls(self) -> list[set[int]]:
        """For every term, the numbers of the captured calls whose outputs it is structurally connected to."""
        size, calls = len(self.losses), range(len(self.activations.outputs))
        found = [self(single_cotangent(term, size, 1.0), (), calls) for term in range(size)]
        return [{call for call in calls if row[call] is not None} for row in found]

    @abc.abstractmethod
    def rows(
        self, rows: Sequence[Cotangents], variables: Sequence[int], calls: Sequence[int], backward: str
    ) -> list[Any]:
        """One backward pass for each row of cotangents.

        Args:
            rows: K times the cotangents of all terms.
            variables: trainable variables, by index.
            calls: captured calls of layers, by number.
            backward: `"loop"`, `"batched"`, or `"auto"` for what is faster on this backend.

        Returns:
            The gradients by the variables, then by the calls, each of shape `(K, ...)`; None where no row is connected.
        """

    def products(
        self,
        rows: Sequence[Cotangents],
        variables: Sequence[int],
        captured: Sequence[CapturedLayer],
        products: Products,
        backward: str,
        replicas: Peers | None = None,
    ) -> Array:
        """The inner products of the rows' gradients, in float32.

        Args:
            rows: K times the cotangents of all terms.
            variables: those whose gradients are formed, by index.
            captured: layers that give the rest from what they took in and gave out.
            products: which inner products are wanted.
            backward: as for `rows`.
            replicas: who else has a part of the batch; rows are summed up over all, and so are representations'.
        """
        activations = self.activations
        calls = activations.calls(captured)
        found = self.rows(rows, variables, calls, backward)
        total = products.zeros(len(rows))
        formed = [gradients for gradients in found[: len(variables)] if gradients is not None]
        among_others = replicas is not None and replicas.count > 1
        for gradients in () if among_others else formed:
            total = total + products.of_rows(gradients)
        deltas = dict(zip(calls, found[len(variables) :], strict=True))
        for layer in captured:
            own = [call for call in activations.calls([layer]) if deltas[call] is not None]
            if own:
                inputs = [activations.inputs[call] for call in own]
                total = total + layer.products(inputs, [deltas[call] for call in own], products)
        if replicas is None or not among_others:
            return total
        total = replicas.total(total) if captured else total
        return total + replicas.of_sum(_as_matrix(formed), products.of_matrix) if formed else total


class PassByPass(Pullback):
    """Backward passes of a backend that runs one at a time, or vectorises all of them."""

    @abc.abstractmethod
    def _together(self, rows: Sequence[Cotangents], variables: Sequence[int], calls: Sequence[int]) -> list[Any]:
        """Several backward passes as one: gradients with a leading axis for the rows, None where none is connected."""

    def rows(
        self, rows: Sequence[Cotangents], variables: Sequence[int], calls: Sequence[int], backward: str
    ) -> list[Any]:
        """See `Pullback`."""
        if backward == "batched":
            return self._together(rows, variables, calls)
        pulled = [self(cotangents, variables, calls, dense=True) for cotangents in rows]
        return [_stacked(column) for column in zip(*pulled, strict=True)]


def _as_matrix(gradients: Sequence[Array]) -> Array:
    """Gradients of shape `(K, ...)` beside each other, in float32, shape `(K, P)`."""
    return ops.concatenate([ops.reshape(ops.cast(g, "float32"), (g.shape[0], -1)) for g in gradients], axis=1)


def _stacked(gradients: Sequence[Any]) -> Array | None:
    known = next((gradient for gradient in gradients if gradient is not None), None)
    if known is None:
        return None
    return ops.stack([ops.zeros_like(known) if gradient is None else gradient for gradient in gradients])


def single_cotangent(term: int, num_terms: int, value: Any) -> list[Any]:
    """Cotangents of one term alone; a zero in the others' place would let their NaN through, as 0 * NaN."""
    return [value if index == term else None for index in range(num_terms)]
