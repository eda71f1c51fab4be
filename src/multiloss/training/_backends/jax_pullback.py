"""Backward passes on JAX: the function that `jax.vjp` gave, called once for each seed, or once for all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import jax

from .._pullback import Pullback, Seeds
from .._taps import Recording, Tap, cut
from .jax_reach import structural_reach
from .jax_rows import rows_of

Run = Callable[[list[Any], Recording], tuple]


class VjpPullback(Pullback):
    """See `Pullback`.

    Args:
        run: maps the variables' values and a recording to `(losses, auxiliary)`.
        trainable: the variables' values.
        taps: the layers to record.
    """

    batches: ClassVar[bool] = True

    def __init__(self, run: Run, trainable: Sequence[Any], taps: Sequence[Tap]):
        self.run = run
        self.trainable = list(trainable)
        self.recording = Recording(taps)

        def bumped(values: list[Any], bumps: list[Any]) -> tuple[tuple, tuple]:
            recording = Recording(taps, bumps)
            losses, auxiliary = run(values, recording)
            return losses, (auxiliary, recording.inputs)

        bumps = [jax.numpy.zeros(shape.shape, shape.dtype) for shape in self._shapes()]
        self.losses, self.backward, auxiliary = jax.vjp(bumped, self.trainable, bumps, has_aux=True)
        self.auxiliary, self.recording.inputs = auxiliary

    def _shapes(self) -> Sequence[Any]:
        """The shapes of the recorded outputs; a gradient by an output is one by zeros that are added to it."""
        if not self.recording.taps:
            return []

        def outputs(values: list[Any]) -> list[Any]:
            self.run(values, self.recording)
            return self.recording.outputs

        return jax.eval_shape(outputs, self.trainable)

    def __call__(
        self, seeds: Seeds, variables: Sequence[int], records: Sequence[int] = (), *, dense: bool = False
    ) -> list[Any]:
        """One backward pass; a term without a seed is pulled with zero."""
        filled = [0.0 if seed is None else seed for seed in seeds]
        cast = tuple(jax.numpy.asarray(seed, loss.dtype) for seed, loss in zip(filled, self.losses, strict=True))
        gradients, bumps = self.backward(cast)
        return [gradients[index] for index in variables] + [bumps[place] for place in records]

    def _together(self, rows: Sequence[Seeds], variables: Sequence[int], records: Sequence[int]) -> list[Any]:
        """One backward pass in which every row walks its own losses, and all rows together what they share."""
        row_of = {term: k for k, seeds in enumerate(rows) for term, seed in enumerate(seeds) if seed is not None}

        def pull(*ones: Any) -> list[Any]:
            seeds = [ones[row_of[t]] * rows[row_of[t]][t] if t in row_of else None for t in range(len(self.losses))]
            return self(seeds, variables, records)

        everyone = range(len(rows))
        return [None if found is None else found.together(everyone) for found in rows_of(pull, len(rows))]

    def reach(self) -> list[set[int]]:
        """For every term, the indices of the trainable variables that it reaches structurally."""
        return structural_reach(lambda values: self.run(values, Recording()), self.trainable)

    def reach_around(self, taps: Sequence[Tap]) -> list[set[int]]:
        """The same where no gradient passes through some layers to their variables."""
        with cut(taps):
            return self.reach()
