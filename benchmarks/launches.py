"""Operations that PyTorch dispatches in a call: each is a kernel launch on a GPU, but for views and copies to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch.utils._python_dispatch import TorchDispatchMode

# Views without an alias in their schema, and a Python number made a tensor.
FREE = ("aten::_unsafe_view", "aten::lift_fresh", "aten::alias")


class Counted(TorchDispatchMode):
    """Counts while it is entered.

    Attributes:
        operations: all of them.
        launches: those that compute.
    """

    def __init__(self) -> None:
        super().__init__()
        self.operations = self.launches = 0

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.operations += 1
        self.launches += not (function.is_view or function._schema.name in FREE)
        return function(*args, **(kwargs or {}))


def launches(call: Callable[[], Any]) -> tuple[int, int]:
    """Operations and launches of one call, after one that warms up."""
    call()
    with Counted() as counted:
        call()
    return counted.operations, counted.launches
