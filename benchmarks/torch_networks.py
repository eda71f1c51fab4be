"""The networks of networks.py as plain PyTorch modules, without heads."""

from __future__ import annotations

import argparse

import torch
from networks import HEADS
from torch import nn


class Block(nn.Module):
    """Attention, then two dense layers, each added to what it was given."""

    def __init__(self, width: int):
        super().__init__()
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(2))
        self.attention = nn.MultiheadAttention(width, HEADS, batch_first=True)
        self.dense = nn.Sequential(nn.Linear(width, 2 * width), nn.ReLU(), nn.Linear(2 * width, width))

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """One block."""
        given = self.norms[0](hidden)
        hidden = hidden + self.attention(given, given, given, need_weights=False)[0]
        return hidden + self.dense(self.norms[1](hidden))


class Mean(nn.Module):
    """The mean over some axes."""

    def __init__(self, *axes: int):
        super().__init__()
        self.axes = axes

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """The mean."""
        return hidden.mean(self.axes)


def trunk(options: argparse.Namespace) -> tuple[nn.Module, int]:
    """The trunk that `--network` names, and the numbers that it gives a sample."""
    width, depth = options.width, options.layers
    if options.network == "transformer":
        return nn.Sequential(*(Block(width) for _ in range(depth)), Mean(1)), width
    if options.network == "mlp":
        return nn.Sequential(*(part for _ in range(depth) for part in (nn.Linear(width, width), nn.ReLU()))), width
    parts: list[nn.Module] = []
    given = 3
    for index in range(depth):
        filters, strides = max(8, width >> max(0, 2 - index)), 2 if index in (1, 2) else 1
        parts += [nn.Conv2d(given, filters, 3, strides, padding=1), nn.BatchNorm2d(filters), nn.ReLU()]
        given = filters
    return nn.Sequential(*parts, Mean(2, 3)), given


def as_given(inputs: torch.Tensor, options: argparse.Namespace) -> torch.Tensor:
    """Keras's inputs in the form of PyTorch's layers: channels first."""
    return inputs.permute(0, 3, 1, 2).contiguous() if options.network == "cnn" else inputs
