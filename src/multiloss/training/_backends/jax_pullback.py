"""Backward passes on JAX: the function that `jax.vjp` gave, called once for each seed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax

from .jax_reach import structural_reach


class VjpPullback:
    """Gradients of weighted sums of the losses.

    Args:
        run: maps the variables' values to `(losses, auxiliary)`.
        trainable: the variables' values.
    """

    def __init__(self, run: Callable[[list[Any]], tuple], trainable: Sequence[Any]):
        self.run = run
        self.trainable = list(trainable)
        self.losses, self.backward, self.auxiliary = jax.vjp(run, self.trainable, has_aux=True)

    def __call__(self, seeds: Sequence[Any], variables: Sequence[int], *, dense: bool = False) -> list[Any]:
        """See `Pullback`; a term without a seed is pulled with zero."""
        filled = [0.0 if seed is None else seed for seed in seeds]
        cast = tuple(jax.numpy.asarray(seed, loss.dtype) for seed, loss in zip(filled, self.losses, strict=True))
        gradients = self.backward(cast)[0]
        return [gradients[index] for index in variables]

    def reach(self) -> list[set[int]]:
        """For every loss, the indices of the variables that it reaches."""
        return structural_reach(self.run, self.trainable)
