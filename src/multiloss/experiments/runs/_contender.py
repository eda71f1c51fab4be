"""What a run trains a problem with: a balancer, and the weights of the terms where they differ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..._core.balancer import Balancer


@dataclass(frozen=True)
class Contender:
    """One way to weigh the losses.

    Attributes:
        balancer: what balances; None leaves the user's weights alone.
        loss_weights: as for `ml.compile`, in the place of the problem's own; None means those of the problem.

    Example:
        >>> Contender(None, {"size": 0.02}).loss_weights
        {'size': 0.02}
    """

    balancer: Balancer | None = None
    loss_weights: Mapping[str, Any] | None = None
