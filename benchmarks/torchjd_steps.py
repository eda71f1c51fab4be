"""The same step with torchjd's two engines, on a native PyTorch model of the same shape."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

import torch
from sampling import Sampler
from torchjd import aggregation, autogram, autojac

Losses = list[torch.Tensor]
NAMES = {
    "upgrad": "UPGrad",
    "mgda": "MGDA",
    "cagrad": "CAGrad",
    "pcgrad": "PCGrad",
    "dual_proj": "DualProj",
    "imtl_g": "IMTLG",
    "aligned_mtl": "AlignedMTL",
    "nash_mtl": "NashMTL",
    "config": "ConFIG",
}
ARGUMENTS: dict[str, dict[str, Any]] = {"CAGrad": {"c": 0.5}}


def torchjd_samplers(
    name: str, terms: int, x: Any, y: dict[str, Any], options: argparse.Namespace
) -> dict[str, Sampler]:
    """`torch`, a plain step by hand, and torchjd's steps: `autojac`, and `autogram` where the method has that form."""
    inputs = torch.from_numpy(x)
    targets = torch.stack([torch.from_numpy(target[:, 0]) for target in y.values()])  # (terms, samples)
    steps: dict[str, Callable] = {"torch": _plain}
    if name in NAMES:
        title = NAMES[name]
        arguments = ARGUMENTS.get(title, {})
        if title == "NashMTL":
            arguments = {"n_tasks": terms}
        steps["autojac"] = _autojac(getattr(aggregation, title)(**arguments))
        if hasattr(aggregation, f"{title}Weighting"):
            steps["autogram"] = _autogram(getattr(aggregation, f"{title}Weighting")(**arguments))
    return {key: _sampler(step, inputs, targets, terms, options) for key, step in steps.items()}


def _sampler(
    step: Callable, inputs: torch.Tensor, targets: torch.Tensor, terms: int, options: argparse.Namespace
) -> Sampler:
    torch.manual_seed(0)
    width = options.width
    hidden = [part for _ in range(options.layers) for part in (torch.nn.Linear(width, width), torch.nn.ReLU())]
    trunk, heads = torch.nn.Sequential(*hidden), torch.nn.ModuleList(torch.nn.Linear(width, 1) for _ in range(terms))
    optimizer = torch.optim.SGD([*trunk.parameters(), *heads.parameters()], 0.01)
    memory: dict[str, Any] = {}

    def epoch(steps: int) -> None:
        for index in range(steps):
            rows = slice(index * options.batch, (index + 1) * options.batch)
            features = trunk(inputs[rows])
            losses = [
                0.5 * (head(features).squeeze(-1) - target[rows]).square().mean()
                for head, target in zip(heads, targets, strict=True)
            ]
            optimizer.zero_grad()
            step(losses, features, trunk, heads, memory)
            optimizer.step()

    return Sampler(epoch, options.steps)


def _plain(losses: Losses, features: Any, trunk: Any, heads: Any, memory: dict[str, Any]) -> None:
    sum(losses).backward()


def _autojac(aggregator: Any) -> Callable:
    def step(losses: Losses, features: torch.Tensor, trunk: Any, heads: Any, memory: dict[str, Any]) -> None:
        autojac.mtl_backward(
            losses,
            features,
            tasks_params=[list(head.parameters()) for head in heads],
            shared_params=trunk.parameters(),
        )
        autojac.jac_to_grad(trunk.parameters(), aggregator)

    return step


def _autogram(weighting: Any) -> Callable:
    def step(losses: Losses, features: torch.Tensor, trunk: Any, heads: Any, memory: dict[str, Any]) -> None:
        if "engine" not in memory:
            # The hooks of a new engine see the next forward pass: this one step is plain.
            memory["engine"] = autogram.Engine(trunk, batch_dim=None)
            sum(losses).backward()
            return
        vector = torch.stack(losses)
        vector.backward(weighting(memory["engine"].compute_gramian(vector)))

    return step
