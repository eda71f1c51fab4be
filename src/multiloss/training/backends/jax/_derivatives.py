"""Derivatives by the inputs on JAX: forward mode, all directions in one batch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax


def matrix_derivatives(function: Callable[[Any], Any], point: jax.Array, order: int) -> list[jax.Array]:
    """The value and the derivatives up to `order`, shapes `(batch, m)`, `(batch, m, d)`, `(batch, m, d, d)`.

    Args:
        function: from `(batch, d)` to `(batch, m)`, samples independent.
        point: where, `(batch, d)`.
        order: 1 or 2.
    """
    if order == 1:
        return list(_with_slopes(function)(point))
    (value, first), (_, second) = _with_slopes(_with_slopes(function))(point)
    return [value, first, second]


def _with_slopes(function: Callable[[Any], Any]) -> Callable[[Any], tuple[Any, Any]]:
    """The function with its derivatives in a new last axis."""

    def both(point: jax.Array) -> tuple[Any, Any]:
        def along(direction: jax.Array) -> tuple[Any, Any]:
            return jax.jvp(function, (point,), (jax.numpy.broadcast_to(direction, point.shape),))

        directions = jax.numpy.eye(point.shape[1], dtype=point.dtype)
        values, slopes = jax.vmap(along, out_axes=(0, -1))(directions)
        return jax.tree.map(lambda value: value[0], values), slopes

    return both
