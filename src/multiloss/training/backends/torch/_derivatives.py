"""Derivatives by the inputs on PyTorch: one backward pass for each entry of the output, kept in the graph."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch


def matrix_derivatives(function: Callable[[Any], Any], point: torch.Tensor, order: int) -> list[torch.Tensor]:
    """The value and the derivatives up to `order`, shapes `(batch, m)`, `(batch, m, d)`, `(batch, m, d, d)`.

    Args:
        function: from `(batch, d)` to `(batch, m)`, samples independent.
        point: where, `(batch, d)`.
        order: 1 or 2.
    """
    wanted = torch.is_grad_enabled()  # not in evaluation, where derivatives are needed all the same
    with torch.enable_grad():
        if not point.requires_grad:
            point = point.detach().requires_grad_()
        value = function(point)
        found = [value, _slopes(value, point)]
        if order == 2:
            shape = (point.shape[0], value.shape[1], point.shape[1], point.shape[1])
            found.append(_slopes(found[1].flatten(1), point).reshape(shape))
    return found if wanted else [array.detach() for array in found]


def _slopes(value: torch.Tensor, point: torch.Tensor) -> torch.Tensor:
    """The derivative of each column: since samples are independent, that of its sum over the batch."""
    rows = []
    for seed in torch.eye(value.shape[1], dtype=value.dtype, device=value.device):
        row = None
        if value.requires_grad:
            (row,) = torch.autograd.grad(value, point, seed.expand_as(value), create_graph=True, allow_unused=True)
        rows.append(torch.zeros_like(point) if row is None else row)
    return torch.stack(rows, dim=1)
