"""Checks the shapes of `_core/typing.py` in every call, by jaxtyping and beartype; the library knows neither."""

from __future__ import annotations

import functools
import sys
import types
import typing
from collections.abc import Callable
from typing import Annotated, Any

import beartype
import jaxtyping

# Not the loops within the solvers and the products in them: called a hundred times a step, they would slow the suite.
CHECKED = ["multiloss._core.balancer", "multiloss._core.aggregator", "multiloss._core.normalization"]
CHECKED += ["multiloss.weighting", "multiloss.aggregation"]


def install() -> None:
    """Has these packages checked from their import on."""
    jaxtyping.install_import_hook(CHECKED, f"{__name__}.checked")


def checked(function: Callable[..., Any]) -> Callable[..., Any]:
    """Checks the arguments and the result that have a shape; all others, whose errors have tests, are let through."""
    kinds = {name: _shaped(kind) for name, kind in function.__annotations__.items()}
    if all(kind is Any for kind in kinds.values()):
        return function
    function.__annotations__ = kinds
    check = beartype.beartype(function)

    @functools.wraps(check)
    def outside_of_dynamo(*args: Any, **arguments: Any) -> Any:
        torch = sys.modules.get("torch")  # whose compiler cannot trace the check
        return function(*args, **arguments) if torch and torch.compiler.is_compiling() else check(*args, **arguments)

    return outside_of_dynamo


def _shaped(kind: Any) -> Any:
    """An annotation with `Annotated[Any, "K K"]` turned into a shape, and all else into Any."""
    origin, parts = typing.get_origin(kind), typing.get_args(kind)
    if origin is Annotated:
        # Whatever has a shape and a dtype: tensors of all backends, traced ones too, and arrays of NumPy.
        return jaxtyping.Shaped[Any, parts[1]]
    inner = tuple(_shaped(part) for part in parts if part is not types.NoneType)
    if all(part is Any for part in inner):
        return Any
    if origin is tuple:
        return tuple[inner]
    return typing.Union[(*inner, None)]  # the rest are `Gramian | None`
