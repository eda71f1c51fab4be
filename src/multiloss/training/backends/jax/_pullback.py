"""Backward passes on JAX: the function that `jax.vjp` gave, called once for each cotangent, or once for all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax

from ...._core.draws import same_draws
from ...rows import Activations, CapturedLayer, Cotangents, Pullback, cut
from ._connections import structural_connections
from ._rows import rows_of

Run = Callable[[list[Any], Activations], tuple]


class VjpPullback(Pullback):
    """See `Pullback`.

    Args:
        run: maps the variables' values and activations to `(losses, auxiliary)`.
        trainable: the variables' values.
        captured: the layers to capture.
    """

    def __init__(self, run: Run, trainable: Sequence[Any], captured: Sequence[CapturedLayer]):
        self.run = run
        self.trainable = list(trainable)
        self.activations = Activations(captured)

        def with_offsets(values: list[Any], offsets: list[Any]) -> tuple[tuple, tuple]:
            activations = Activations(captured, offsets)
            losses, auxiliary = run(values, activations)
            return losses, (auxiliary, activations.inputs)

        offsets = self._offsets(self.activations)
        self.losses, self.backward, auxiliary = jax.vjp(with_offsets, self.trainable, offsets, has_aux=True)
        self.auxiliary, self.activations.inputs = auxiliary

    def _offsets(self, activations: Activations) -> list[Any]:
        """Zeros in the shapes of the captured outputs: a gradient by an output is one by zeros that are added to it.

        Args:
            activations: notes the calls, as they come.
        """
        if not activations.captured:
            return []

        def outputs(values: list[Any]) -> list[Any]:
            self.run(values, activations)
            return activations.outputs

        with same_draws():
            shapes = jax.eval_shape(outputs, self.trainable)
        return [jax.numpy.zeros(shape.shape, shape.dtype) for shape in shapes]

    def __call__(
        self, cotangents: Cotangents, variables: Sequence[int], calls: Sequence[int] = (), *, dense: bool = False
    ) -> list[Any]:
        """One backward pass; a term without a cotangent is pulled with zero."""
        filled = [0.0 if cotangent is None else cotangent for cotangent in cotangents]
        cast = tuple(jax.numpy.asarray(c, loss.dtype) for c, loss in zip(filled, self.losses, strict=True))
        gradients, offsets = self.backward(cast)
        return [gradients[index] for index in variables] + [offsets[place] for place in calls]

    def rows(
        self, rows: Sequence[Cotangents], variables: Sequence[int], calls: Sequence[int], backward: str
    ) -> list[Any]:
        """One backward pass in which every row walks its own losses, and all rows what they share."""
        row_of = {term: k for k, row in enumerate(rows) for term, cotangent in enumerate(row) if cotangent is not None}

        def pull(*ones: Any) -> list[Any]:
            terms = range(len(self.losses))
            return self(
                [ones[row_of[t]] * rows[row_of[t]][t] if t in row_of else None for t in terms], variables, calls
            )

        everyone, together = range(len(rows)), {"loop": False, "batched": True}.get(backward)
        found = rows_of(pull, len(rows), together=together)
        return [None if row is None else row.together(everyone) for row in found]

    def connected(self) -> list[set[int]]:
        """For every term, the indices of the trainable variables that it is connected to structurally."""
        with same_draws():
            return structural_connections(lambda values: self.run(values, Activations()), self.trainable)

    def connected_calls(self) -> list[set[int]]:
        """For every term, the numbers of the captured calls whose outputs it is connected to structurally."""
        captured = self.activations.captured
        offsets = self._offsets(Activations(captured))
        with same_draws():
            return structural_connections(lambda given: self.run(self.trainable, Activations(captured, given)), offsets)

    def connected_around(self, captured: Sequence[CapturedLayer]) -> list[set[int]]:
        """The same where no gradient passes through some layers to their variables."""
        with cut(captured):
            return self.connected()
