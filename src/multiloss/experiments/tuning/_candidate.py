"""One point of the search: weights, a balancer, and its parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..defaults import FIXED


@dataclass(frozen=True)
class Candidate:
    """What one trial trains with.

    Attributes:
        weights: searched term to weight; those of balanced terms sum to their number. Empty where the problem's own
            weights are kept.
        balancer: the balancer's label.
        parameters: the balancer's searched parameters.
    """

    weights: Mapping[str, float] = field(default_factory=dict)
    balancer: str = FIXED
    parameters: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """The point as plain data."""
        return {"weights": dict(self.weights), "balancer": self.balancer, "parameters": dict(self.parameters)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Candidate:
        """Makes the point from `to_dict`."""
        return cls(data["weights"], data["balancer"], data["parameters"])
