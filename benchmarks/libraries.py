"""One call from float32 gradients to the combined one, for every library and method, under one meaning of the length.

Nothing random: PCGrad meets the terms in their order, for which the libraries' shuffling is held. LibMTL's package asks
for a `torchvision` that no present PyTorch has, so that its files of methods alone are loaded; they then get losses
g_i.x of one parameter x, whose gradients are the rows.
"""

from __future__ import annotations

import importlib
import importlib.util
import random
import sys
import types
from collections.abc import Callable
from typing import Any
from unittest import mock

import numpy as np
import torch
from references import RADIUS

Combine = Callable[[np.ndarray], np.ndarray]


def member(method: str) -> Any:
    """Our balancer of that method, with weights as published."""
    from multiloss import aggregation as members

    titles = {"mgda": "MGDA", "upgrad": "UPGrad", "dual_proj": "DualProj", "cagrad": "CAGrad", "nash_mtl": "NashMTL"}
    titles |= {"pcgrad": "PCGrad", "imtl_g": "IMTLG", "config": "ConFIG", "aligned_mtl": "AlignedMTL"}
    settings: dict[str, dict[str, Any]] = {"cagrad": {"c": RADIUS}, "pcgrad": {"order": "fixed"}}
    return getattr(members, titles[method])(normalize="none", **settings.get(method, {}))


def multiloss(method: str, terms: int) -> Combine:
    import keras

    from multiloss.aggregation import aggregate

    chosen = member(method)
    return lambda rows: keras.ops.convert_to_numpy(aggregate(rows, chosen))


def torchjd(method: str, terms: int) -> Combine | None:
    from torchjd import aggregation as members

    made = {
        "mgda": members.MGDA,
        "upgrad": members.UPGrad,
        "dual_proj": members.DualProj,
        "cagrad": lambda: members.CAGrad(c=RADIUS),
        "nash_mtl": lambda: members.NashMTL(n_tasks=terms, max_norm=0.0),
        "pcgrad": members.PCGrad,
        "imtl_g": members.IMTLG,
        "config": members.ConFIG,
        "aligned_mtl": members.AlignedMTL,
    }
    member = made[method]()

    def combine(rows: np.ndarray) -> np.ndarray:
        if hasattr(member, "reset"):
            member.reset()
        in_order = mock.patch.object(torch, "randperm", lambda count, **_: torch.arange(count))
        with in_order if method == "pcgrad" else mock.MagicMock():
            return member(torch.from_numpy(rows)).numpy()

    return combine


def conflictfree(method: str, terms: int) -> Combine | None:
    from conflictfree import grad_operator as operators

    made = {"config": "ConFIGOperator", "pcgrad": "PCGradOperator", "imtl_g": "IMTLGOperator"}
    if method not in made:
        return None
    operator = getattr(operators, made[method])()
    return lambda rows: operator.calculate_gradient(torch.from_numpy(rows)).numpy()


LIBMTL: dict[str, tuple[str, dict[str, Any]]] = {
    "mgda": ("MGDA", {"mgda_gn": "none"}),
    "cagrad": ("CAGrad", {"calpha": RADIUS, "rescale": 0}),
    "pcgrad": ("PCGrad", {}),
    "imtl_g": ("IMTL", {}),
    "gradvac": ("GradVac", {"beta": 0.5}),
    "uncertainty": ("UW", {}),
    "random_weighting": ("RLW", {"dist": "Normal"}),
    "geometric_mean": ("GLS", {}),
}


def libmtl_weighting(method: str, terms: int, shared: Callable[[], list[torch.Tensor]]) -> Any:
    """LibMTL's object of that method over these shared parameters; None where it has no such method."""
    if method not in LIBMTL:
        return None
    if "LibMTL" not in sys.modules:
        bare = types.ModuleType("LibMTL")
        bare.__path__ = list(importlib.util.find_spec("LibMTL").submodule_search_locations)  # type: ignore[union-attr]
        sys.modules["LibMTL"] = bare
    title = LIBMTL[method][0]
    base = getattr(importlib.import_module(f"LibMTL.weighting.{title}"), title)

    class Weighting(base):
        task_num, device, rep_grad = terms, torch.device("cpu"), False

        def get_share_params(self) -> list[torch.Tensor]:
            return shared()

        def zero_grad_share_params(self) -> None:
            # Its own sets them to None under today's PyTorch, and then fails for every method.
            for parameter in shared():
                parameter.grad = torch.zeros_like(parameter)

    weighting = Weighting()
    weighting.init_param()
    return weighting


def libmtl(method: str, terms: int) -> Combine | None:
    if method not in LIBMTL:
        return None

    def combine(rows: np.ndarray) -> np.ndarray:
        parameter = torch.nn.Parameter(torch.zeros(rows.shape[1]))
        weighting = libmtl_weighting(method, terms, lambda: [parameter])
        with mock.patch.object(random, "shuffle"):
            weighting.backward(torch.from_numpy(rows) @ parameter, **LIBMTL[method][1])
        return parameter.grad.numpy()

    return combine


LIBRARIES: dict[str, Callable[[str, int], Combine | None]] = {
    "multiloss": multiloss,
    "torchjd": torchjd,
    "LibMTL": libmtl,
    "conflictfree": conflictfree,
}
