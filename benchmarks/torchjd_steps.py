"""The same step with torchjd's two engines and with LibMTL, on a native PyTorch model of the same shape."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from typing import Any

import torch
from libraries import LIBMTL, libmtl_weighting
from sampling import Sampler
from torch_networks import as_given, trunk
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
    "gradvac": "GradVac",
    "fairgrad": "FairGrad",
}
ARGUMENTS: dict[str, dict[str, Any]] = {"CAGrad": {"c": 0.5}, "FairGrad": {"alpha": 2.0}}


def torchjd_samplers(
    name: str, terms: int, x: Any, y: dict[str, Any], options: argparse.Namespace
) -> dict[str, Sampler]:
    """`torch`, a plain step by hand; torchjd's `autojac`, and `autogram` where the method has that form; `LibMTL`.

    A method that raises is left out.
    """
    device = "cuda" if torch.cuda.is_available() else "cpu"
    inputs = as_given(torch.from_numpy(x), options).to(device)
    targets = torch.stack([torch.from_numpy(target[:, 0]) for target in y.values()]).to(device)  # (terms, samples)
    steps: dict[str, Callable] = {"torch": _plain}
    if name in NAMES:
        title = NAMES[name]
        arguments = ARGUMENTS.get(title, {})
        if title == "NashMTL":
            arguments = {"n_tasks": terms}
        steps["autojac"] = _autojac(getattr(aggregation, title)(**arguments))
        if hasattr(aggregation, f"{title}Weighting"):
            steps["autogram"] = _autogram(getattr(aggregation, f"{title}Weighting")(**arguments))
    if name in LIBMTL:
        steps["LibMTL"] = _libmtl(name, terms)
    found = {}
    for key, step in steps.items():
        try:
            found[key] = _sampler(step, inputs, targets, terms, options)
        except Exception as error:
            print(f"{key}, {name}, {terms} terms: {type(error).__name__}: {error}", file=sys.stderr)
    return found


def _sampler(
    step: Callable, inputs: torch.Tensor, targets: torch.Tensor, terms: int, options: argparse.Namespace
) -> Sampler:
    torch.manual_seed(0)
    body, width = trunk(options)
    body, heads = body.to(inputs.device), torch.nn.ModuleList(torch.nn.Linear(width, 1) for _ in range(terms))
    heads.to(inputs.device)
    optimizer = torch.optim.SGD([*body.parameters(), *heads.parameters()], 0.01)
    memory: dict[str, Any] = {}

    def epoch(steps: int) -> None:
        for index in range(steps):
            rows = slice(index * options.batch, (index + 1) * options.batch)
            features = body(inputs[rows])
            losses = [
                0.5 * (head(features).squeeze(-1) - target[rows]).square().mean()
                for head, target in zip(heads, targets, strict=True)
            ]
            optimizer.zero_grad()
            step(losses, features, body, heads, memory)
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


def _libmtl(name: str, terms: int) -> Callable:
    def step(losses: Losses, features: torch.Tensor, trunk: Any, heads: Any, memory: dict[str, Any]) -> None:
        if "weighting" not in memory:
            memory["weighting"] = libmtl_weighting(name, terms, lambda: list(trunk.parameters()))
        memory["weighting"].backward(torch.stack(losses), **LIBMTL[name][1])

    return step
