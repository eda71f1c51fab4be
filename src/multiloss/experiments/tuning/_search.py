"""Reads `search=`: what is searched, and over which ranges."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..._core.errors import invalid, unknown_name
from ..defaults import BALANCERS
from ._balancer_choice import BalancerChoice, balancer_choices
from ._ranges import Options, Range, Span, weight_range
from ._space import Space
from ._terms import Terms

KINDS = ("weights", "balancers", "all")
# How far a range reaches beyond equal weights and equal contributions, on either side.
_MARGIN = 10.0


@dataclass(frozen=True)
class Search:
    """What was asked for, before the terms are known.

    Attributes:
        weights: whether the weights are searched.
        ranges: term to the range that the user gave.
        balancers: label to choice; empty where no balancer is chosen.
    """

    weights: bool
    ranges: Mapping[str, Range]
    balancers: Mapping[str, BalancerChoice]

    def check(self, terms: Terms) -> None:
        """Refuses ranges for terms that the problem does not have."""
        for term in self.ranges:
            if term not in (*terms.balanced, *terms.others):
                raise unknown_name("term in `search`:", term, (*terms.balanced, *terms.others))

    def space(self, terms: Terms, spans: Mapping[str, Span]) -> Space:
        """The space over these terms; `spans` are the ranges of those that the user gave none for."""
        alone = {term: entry for term, entry in self.ranges.items() if term in terms.others}
        ratios: dict[str, Range] = {}
        if self.weights and len(terms.balanced) > 1:
            free = [term for term in terms.balanced if term not in self.ranges]
            # The reference comes first; without one that is free, every term is searched as the user said.
            order = [*free[:1], *[term for term in terms.balanced if term not in free[:1]]]
            ratios = {term: self.ranges.get(term) or spans[term] for term in order}
            if free:
                ratios[free[0]] = Options((1.0,))
        space = Space(ratios, alone, self.balancers)
        if not space.names:
            raise invalid(
                "There must be something to search: two balanced terms, a range for a penalty's weight, or balancers",
                received=f"the terms {', '.join((*terms.balanced, *terms.others))}",
            )
        return space


def read_search(search: Any) -> Search:
    """Reads `"weights"`, `"balancers"`, `"all"`, or a mapping with `"weights"` and `"balancers"`.

    Raises:
        ValueError: for another word, an unknown key, or a range that is none.
    """
    if isinstance(search, str):
        if search not in KINDS:
            raise unknown_name("search", search, KINDS, "A dict says more; see the docs.")
        search = {"weights": search != "balancers", **({} if search == "weights" else {"balancers": BALANCERS})}
    if not isinstance(search, Mapping):
        raise invalid("`search` must be a word or a dict with 'weights' and 'balancers'", received=search)
    for key in search:
        if key not in ("weights", "balancers"):
            raise unknown_name("key of `search`:", key, ("weights", "balancers"))
    weights, balancers = search.get("weights", False), search.get("balancers")
    if not isinstance(weights, bool | Mapping):
        raise invalid("`search['weights']` must be True, False, or a dict of term to range", received=weights)
    ranges = (
        {str(term): weight_range(repr(term), entry) for term, entry in weights.items()}
        if not isinstance(weights, bool)
        else {}
    )
    return Search(weights is not False, ranges, balancer_choices(balancers) if balancers else {})


def default_spans(search: Search, terms: Terms, sizes: Mapping[str, float]) -> dict[str, Span]:
    """The range of each ratio: it holds equal weights and equal contributions, and a factor of 10 on either side.

    Equal contributions are the weights 1 / (loss before training). Ends are powers of ten.

    Args:
        search: what was asked for; the first term that it gives no range is the reference.
        terms: of the problem.
        sizes: term to its loss before training, where that is known.
    """
    level = equal_contributions(terms, sizes)
    reference = next((level[term] for term in terms.balanced if term not in search.ranges), 1.0)
    return {
        term: Span(
            _power(min(1.0, level[term] / reference) / _MARGIN, math.floor),
            _power(max(1.0, level[term] / reference) * _MARGIN, math.ceil),
            log=True,
        )
        for term in terms.balanced
    }


def equal_contributions(terms: Terms, sizes: Mapping[str, float]) -> dict[str, float]:
    """Weights that make every loss equally large before training; the middle one where a size is not known."""
    middle = statistics.median(sizes.values()) if sizes else 1.0
    return {term: 1.0 / sizes.get(term, middle) for term in terms.balanced}


def _power(value: float, rounding: Any) -> float:
    # A value that is a power of ten already must stay, whatever the rounding of its logarithm.
    exponent = math.log10(value)
    near = round(exponent)
    return float(10.0 ** (near if abs(exponent - near) < 1e-9 else rounding(exponent)))
