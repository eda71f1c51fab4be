"""Several backward passes on JAX as one, in which every row passes only through what its own losses are connected to.

A backward pass is linear in its cotangents. It is traced once with one cotangent for each row; while the trace is
carried out, every value is known to depend on some of the rows alone. What depends on one row is computed for it alone;
only where rows meet, in the shared part, they are carried on together, along a leading axis, or one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
from jax.extend.core import Literal


@dataclass(frozen=True)
class Rows:
    """One value for each of some rows; for all others it is zero.

    Attributes:
        of: the rows, in order.
        values: a list of arrays, one for each row, or one array with the rows as leading axis.
    """

    of: tuple[int, ...]
    values: Any

    def each(self) -> dict[int, Any]:
        """Row to its value."""
        return {row: self.values[place] for place, row in enumerate(self.of)}

    def together(self, of: Sequence[int]) -> jax.Array:
        """The values of more rows with the rows as leading axis, zeros for those that are not there."""
        if tuple(of) == self.of and not isinstance(self.values, list):
            return self.values
        values = self.each()
        zero = jax.numpy.zeros_like(self.values[0])
        return jax.numpy.stack([values.get(row, zero) for row in of])


def rows_of(pull: Callable[..., list[Any]], size: int, *, together: bool | None = True) -> list[Rows | None]:
    """What `pull`, linear in `size` scalars, gives for each of them alone; None where no scalar reaches a result.

    Args:
        pull: the backward pass.
        size: the number of rows.
        together: whether rows that meet are carried on along an axis; None for what is faster. On a CPU XLA convolves
            more slowly where it has another axis, and whatever surrounds a convolution stays in the cache for one row.
    """
    program = jax.make_jaxpr(pull)(*[jax.numpy.ones(())] * size)
    if together is None:
        together = jax.default_backend() != "cpu" or not _convolves(program.jaxpr)
    known: dict[Any, Any] = dict(zip(program.jaxpr.constvars, program.consts, strict=True))
    known.update({v: Rows((k,), [jax.numpy.ones(())]) for k, v in enumerate(program.jaxpr.invars)})

    def read(atom: Any) -> Any:
        return atom.val if isinstance(atom, Literal) else known[atom]

    for equation in _needed(program.jaxpr):
        results = _carry_out(equation, [read(atom) for atom in equation.invars], together)
        known.update(zip(equation.outvars, results, strict=True))
    found = [read(atom) for atom in program.jaxpr.outvars]
    return [value if isinstance(value, Rows) else None for value in found]


def _needed(program: Any) -> list[Any]:
    """The equations on which a result depends, in order."""
    wanted = {atom for atom in program.outvars if not isinstance(atom, Literal)}
    needed = []
    for equation in reversed(program.eqns):
        if any(variable in wanted for variable in equation.outvars):
            needed.append(equation)
            wanted.update(atom for atom in equation.invars if not isinstance(atom, Literal))
    return needed[::-1]


def _convolves(program: Any) -> bool:
    """Whether there is a convolution in a traced program, or in one that it calls."""
    for equation in program.eqns:
        held = (getattr(value, "jaxpr", value) for value in equation.params.values())
        if equation.primitive.name == "conv_general_dilated" or any(_convolves(p) for p in held if hasattr(p, "eqns")):
            return True
    return False


def _carry_out(equation: Any, arguments: Sequence[Any], together: bool) -> list[Any]:
    """The results of one equation, for as few rows as can be."""
    of = tuple(sorted({row for value in arguments if isinstance(value, Rows) for row in value.of}))
    if not of:
        return _bind(equation, *arguments)
    if equation.primitive.name == "add_any" and (merged := _merged(*arguments)) is not None:
        return [merged]
    if len(of) == 1 or not together:
        results = [_bind(equation, *(_of_row(value, row) for value in arguments)) for row in of]
        return [Rows(of, list(column)) for column in zip(*results, strict=True)]
    axes = [0 if isinstance(value, Rows) else None for value in arguments]
    values = [value.together(of) if isinstance(value, Rows) else value for value in arguments]
    return [Rows(of, result) for result in jax.vmap(partial(_bind, equation), in_axes=axes)(*values)]


def _of_row(value: Any, row: int) -> Any:
    """What a value is for one row."""
    if not isinstance(value, Rows):
        return value
    return value.values[value.of.index(row)] if row in value.of else jax.numpy.zeros_like(value.values[0])


def _merged(first: Any, second: Any) -> Rows | None:
    """A sum row by row, where that spares zeros: rows that only one side has are not added to."""
    if not isinstance(first, Rows):  # linear in no cotangent: zero
        return second
    if not isinstance(second, Rows):
        return first
    if first.of == second.of and not isinstance(first.values, list) and not isinstance(second.values, list):
        return None
    left, right = first.each(), second.each()
    of = tuple(sorted({*left, *right}))
    return Rows(of, [left[k] + right[k] if k in left and k in right else left.get(k, right.get(k)) for k in of])


def _bind(equation: Any, *arguments: Any) -> list[Any]:
    primitive = equation.primitive
    results = primitive.bind(*arguments, **primitive.get_bind_params(equation.params))
    return list(results) if primitive.multiple_results else [results]
