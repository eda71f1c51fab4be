"""The space that is searched: ratios of weights, weights on their own, balancers and their parameters."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..defaults import FIXED
from ._balancer_choice import BalancerChoice
from ._candidate import Candidate
from ._ranges import Options, Range, Span
from ._weights import ratio_name, sum_to_k, weight_name

BALANCER = "balancer"


@dataclass(frozen=True)
class Space:
    """What may be chosen.

    Attributes:
        ratios: balanced term to the range of its weight over that of the reference; empty where the weights are not
            searched.
        alone: term that is not balanced to the range of its weight, as it enters the sum.
        balancers: label to choice; empty where no balancer is chosen.
    """

    ratios: Mapping[str, Range] = field(default_factory=dict)
    alone: Mapping[str, Range] = field(default_factory=dict)
    balancers: Mapping[str, BalancerChoice] = field(default_factory=dict)

    def suggest(self, trial: Any) -> Candidate:
        """The point that an Optuna trial stands for."""
        ratios = {term: entry.holding(1.0).suggest(trial, ratio_name(term)) for term, entry in self.ratios.items()}
        alone = {term: entry.suggest(trial, weight_name(term)) for term, entry in self.alone.items()}
        weights = {**(sum_to_k(ratios) if ratios else {}), **alone}
        if not self.balancers:
            return Candidate(weights)
        label = Options(tuple(self.balancers)).suggest(trial, BALANCER)
        ranges = self.balancers[label].ranges
        parameters = {name: entry.suggest(trial, f"{label}.{name}") for name, entry in ranges.items()}
        return Candidate(weights, label, parameters)

    def start(self, weights: Mapping[str, float] | None = None) -> dict[str, Any]:
        """The parameters of a point without balancer, with these weights of the balanced terms; equal by default.

        What lies outside its range is put at the nearest end, and weights that are searched alone at the middle.
        """
        found: dict[str, Any] = {}
        reference = next(iter(self.ratios), None)
        for term, entry in self.ratios.items():
            if not _is_fixed(entry):
                ratio = 1.0 if weights is None else weights[term] / weights[str(reference)]
                found[ratio_name(term)] = _nearest(entry.holding(1.0), ratio)
        for term, entry in self.alone.items():
            if not _is_fixed(entry):
                found[weight_name(term)] = entry.points(1)[0]
        if len(self.balancers) > 1:
            found[BALANCER] = FIXED
        return found

    def grid(self, budget: int) -> list[dict[str, Any]]:
        """Every combination of options, and of so many points of each span that about `budget` trials come out."""
        shared = {ratio_name(term): entry for term, entry in self.ratios.items()}
        shared.update({weight_name(term): entry for term, entry in self.alone.items()})
        choices: list[BalancerChoice | None] = [*self.balancers.values()] or [None]
        share = max(1, budget // len(choices))
        points = []
        for choice in choices:
            ranges = dict(shared)
            if choice is not None:
                ranges.update({f"{choice.label}.{name}": entry for name, entry in choice.ranges.items()})
            start = {BALANCER: choice.label} if choice is not None and len(choices) > 1 else {}
            points += [{**start, **point} for point in _product(ranges, share)]
        return points

    @property
    def names(self) -> list[str]:
        """The names of all parameters."""
        own = [ratio_name(term) for term, entry in self.ratios.items() if not _is_fixed(entry)]
        own += [weight_name(term) for term, entry in self.alone.items() if not _is_fixed(entry)]
        own += [BALANCER] if len(self.balancers) > 1 else []
        return own + [
            f"{label}.{name}"
            for label, choice in self.balancers.items()
            for name, entry in choice.ranges.items()
            if not _is_fixed(entry)
        ]


def _product(ranges: Mapping[str, Range], budget: int) -> list[dict[str, Any]]:
    free = {name: entry for name, entry in ranges.items() if not _is_fixed(entry)}
    spans = sum(isinstance(entry, Span) for entry in free.values())
    combinations = math.prod(len(entry.values) for entry in free.values() if isinstance(entry, Options))
    # The small addend fixes roots such as 27 ** (1 / 3) = 2.9999...
    count = int((budget / combinations) ** (1 / spans) + 1e-9) if spans else 0
    values = [entry.points(max(2, count)) for entry in free.values()]
    return [dict(zip(free, point, strict=True)) for point in itertools.product(*values)]


def _is_fixed(entry: Range) -> bool:
    return isinstance(entry, Options) and len(entry.values) == 1


def _nearest(entry: Range, value: float) -> float:
    if isinstance(entry, Span):
        return min(max(value, entry.low), entry.high)
    options: Sequence[float] = entry.values
    return min(options, key=lambda option: abs(math.log(option / value)))
