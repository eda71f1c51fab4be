"""The aggregators alone, on any array of gradients: for custom training loops and for tests."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from keras import ops

from .._core.balancer import Balancer, Signals
from .._core.errors import invalid
from .._core.linalg import gramian_of, product, to_float
from .._core.registry import resolve
from .._core.typing import Array, Weights

# What the backends raise when a traced array is asked for its values.
_TRACED = (TypeError, AttributeError, NotImplementedError, RuntimeError)


def aggregate(
    jacobian: Array,
    balancer: str | Balancer,
    *,
    losses: Array | None = None,
    seed: int = 0,
    names: Sequence[str] | None = None,
) -> Array:
    """Combines gradients into one vector, sum_i w_i g_i, with the weights that the balancer gives them.

    A row of zeros counts as absent: the others are combined as if it were not there. Multiplying all gradients by one
    number multiplies the vector by it. Can be compiled.

    Args:
        jacobian: shape `(K, P)`, one flattened gradient a row; an array of NumPy or of the backend. float64 is worked
            in as it is (on JAX only when `jax_enable_x64` is on; JAX itself makes it float32 otherwise), all else in
            float32.
        balancer: a registered name, such as `"upgrad"`, or an object. One that remembers gives its first weights: for
            the later ones call `balancer.weights(signals, state)` yourself.
        losses: shape `(K,)`, for balancers that read the losses.
        seed: for randomised balancers; give another one in each step.
        names: the terms' names, for the error messages.

    Returns:
        Shape `(P,)`, in the dtype of `jacobian`.

    Raises:
        ValueError: outside of a compiled function, when a gradient is not finite; it names the row.

    Example:
        >>> from multiloss.aggregation import aggregate
        >>> vector = aggregate([[1.0, 0.0], [-1.0, 1.0]], "pcgrad")
        >>> [round(float(entry), 4) for entry in vector]
        [0.2857, 0.8571]
    """
    given = ops.convert_to_tensor(jacobian)
    if len(given.shape) != 2:
        raise invalid(
            "`jacobian` must have shape (K, P), one flattened gradient a row", received=f"shape {tuple(given.shape)}"
        )
    rows = to_float(given)
    _check_names(names, rows.shape[0])
    _refuse_nonfinite(rows, names)
    weights = solve(gramian_of(rows), balancer, losses=losses, seed=seed, names=names)
    return ops.cast(product(ops.cast(weights, rows.dtype)[None], rows)[0], given.dtype)


def solve(
    gramian: Array,
    balancer: str | Balancer,
    *,
    losses: Array | None = None,
    seed: int = 0,
    names: Sequence[str] | None = None,
) -> Weights:
    """The weights that a balancer gives to gradients with these inner products.

    Args:
        gramian: shape `(K, K)`; dtypes as in `aggregate`.
        balancer: a registered name or an object.
        losses: shape `(K,)`, for balancers that read the losses.
        seed: for randomised balancers; give another one in each step.
        names: the terms' names, for the error messages.

    Returns:
        Shape `(K,)`, float32 or float64.

    Raises:
        ValueError: outside of a compiled function, when an entry is not finite, or when the balancer reads losses and
            none are given.

    Example:
        >>> from multiloss.aggregation import solve
        >>> weights = solve([[1.0, -1.0], [-1.0, 2.0]], "mgda")
        >>> [round(float(weight), 4) for weight in weights]
        [1.2, 0.8]
    """
    member: Balancer = resolve("balancer", balancer, Balancer)
    gramian = to_float(gramian)
    terms = gramian.shape[-1]
    if len(gramian.shape) != 2 or gramian.shape[0] != terms:
        raise invalid("`gramian` must have shape (K, K)", received=f"shape {tuple(gramian.shape)}")
    _check_names(names, terms)
    _refuse_nonfinite_products(gramian, names)
    shape = member.noise_shape(terms)
    # Losses that nobody gave are NaN, so that a balancer which reads them cannot pass unnoticed.
    signals = Signals(
        losses=ops.full((terms,), np.nan, dtype=gramian.dtype) if losses is None else to_float(losses),
        present=ops.ones((terms,), dtype="bool"),
        norms=ops.sqrt(ops.clip(ops.diagonal(gramian), 0.0, math.inf)),
        gramian=gramian,
        step=ops.zeros((), dtype="int32"),
        epoch=ops.zeros((), dtype="int32"),
        noise=None if shape is None else ops.cast(np.random.default_rng(seed).random(shape), gramian.dtype),
    )
    state = {name: ops.convert_to_tensor(value) for name, value in member.init(terms).items()}
    weights, _ = member.weights(signals, state)
    values = _values(weights)
    if losses is None and values is not None and not np.isfinite(values).all():
        raise invalid(
            f"{type(member).__name__} reads the terms' losses", received="losses=None", fix="Pass losses=[...]."
        )
    return weights


def _check_names(names: Sequence[str] | None, terms: int) -> None:
    if names is not None and len(names) != terms:
        raise invalid(f"`names` must hold one name for each of the {terms} gradients", received=list(names))


def _values(array: Array) -> np.ndarray | None:
    """The values as NumPy; None while a function is being compiled."""
    try:
        return np.asarray(ops.convert_to_numpy(array))
    except _TRACED:
        return None


def _refuse_nonfinite(rows: Array, names: Sequence[str] | None) -> None:
    """Raises for the first gradient that holds NaN or infinity."""
    values = _values(rows)
    if values is not None and not np.isfinite(values).all():
        index = int(np.argmin(np.isfinite(values).all(axis=1)))
        entry = values[index][~np.isfinite(values[index])][0]
        raise invalid(f"Every gradient must be finite, {_whose(index, names)} is not", received=str(entry))


def _refuse_nonfinite_products(gramian: Array, names: Sequence[str] | None) -> None:
    """The same for a Gramian, whose bad row spoils a column too: its square tells which it is."""
    values = _values(gramian)
    if values is not None and not np.isfinite(values).all():
        squares = np.isfinite(np.diagonal(values))
        index = int(np.argmin(squares if not squares.all() else np.isfinite(values).all(axis=1)))
        entry = values[index][~np.isfinite(values[index])][0]
        raise invalid(
            f"Every product of gradients must be finite, those of {_whose(index, names)} are not",
            received=str(entry),
            fix="Lengths beyond 1e19 overflow in float32: scale the losses down, or use float64.",
        )


def _whose(index: int, names: Sequence[str] | None) -> str:
    return f"row {index}" + ("" if names is None else f" (term {names[index]!r})")
