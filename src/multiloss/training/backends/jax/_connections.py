"""Which variables a loss is connected to on JAX, read off the structure of its backward pass, never off zero values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax


def structural_connections(run: Callable[[Any], tuple], trainable: Sequence[Any]) -> list[set[int]]:
    """For every loss, the indices of the variables that it is structurally connected to.

    The backward pass is traced with one cotangent for each loss. A gradient that is zero for structural reasons does
    not depend on the cotangent, so following the cotangents through the traced program gives the connections.

    Args:
        run: maps the variables' values to `(losses, aux)`.
        trainable: the variables' values.
    """
    losses = jax.eval_shape(lambda values: run(values)[0], list(trainable))

    def gradients(values: Any, cotangents: tuple) -> Any:
        return jax.vjp(lambda v: run(v)[0], values)[1](cotangents)[0]

    shapes = [jax.ShapeDtypeStruct(value.shape, value.dtype) for value in trainable]
    program = jax.make_jaxpr(gradients)(shapes, tuple(jax.ShapeDtypeStruct(s.shape, s.dtype) for s in losses))
    sources: list[frozenset[int]] = [frozenset()] * len(shapes) + [frozenset({k}) for k in range(len(losses))]
    dependence = _follow(program.jaxpr, sources)
    return [{index for index, cotangents in enumerate(dependence) if k in cotangents} for k in range(len(losses))]


def _follow(program: Any, inputs: Sequence[frozenset[int]]) -> list[frozenset[int]]:
    """On which sources every output of a traced program depends, given those of its inputs."""
    known: dict[Any, frozenset[int]] = dict(zip(program.invars, inputs, strict=True))

    def of(atom: Any) -> frozenset[int]:
        return frozenset() if hasattr(atom, "val") else known.get(atom, frozenset())

    for equation in program.eqns:
        arguments = [of(atom) for atom in equation.invars]
        results = _through_call(equation, arguments)
        if results is None:
            results = [frozenset().union(*arguments)] * len(equation.outvars)
        known.update(zip(equation.outvars, results, strict=True))
    return [of(atom) for atom in program.outvars]


def _through_call(equation: Any, arguments: Sequence[frozenset[int]]) -> list[frozenset[int]] | None:
    """Looks into plain calls, whose inputs and outputs are those of the program that they hold."""
    if equation.primitive.name not in ("jit", "pjit", "closed_call", "core_call", "checkpoint", "remat", "remat2"):
        return None
    inner = equation.params.get("jaxpr") or equation.params.get("call_jaxpr")
    inner = getattr(inner, "jaxpr", inner)
    if inner is None or len(inner.invars) != len(arguments) or len(inner.outvars) != len(equation.outvars):
        return None
    return _follow(inner, arguments)
