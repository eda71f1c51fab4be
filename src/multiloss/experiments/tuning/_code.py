"""A found point as code to paste."""

from __future__ import annotations

from typing import Any

from ._candidate import Candidate
from ._space import Space
from ._terms import Terms

_DIGITS = 4
_HEAD = "trainer = ml.compile("


def code(candidate: Candidate, space: Space, terms: Terms) -> str:
    """The arguments of `ml.compile` that the point stands for; what the search left alone stays the user's.

    Weights are rounded to four significant digits.
    """
    lines = [_HEAD, "    model,", "    optimizer=...,", "    loss=...,"]
    weights = terms.loss_weights(candidate.weights)
    if weights:
        lines.append("    loss_weights={")
        lines += [f'        "{name}": {_number(weight)},' for name, weight in weights.items()]
        lines.append("    },")
    elif terms.own:
        lines.append("    loss_weights=...,  # yours")
    choice = space.balancers.get(candidate.balancer)
    if choice is not None and choice.cls is not None:
        lines.append(f"    balancer={choice.code(candidate.parameters)},")
    return "\n".join([*lines, ")"])


def _number(weight: Any) -> str:
    return (
        f"{weight:.{_DIGITS}g}" if isinstance(weight, int | float) else f"...,  # yours: {weight!r}".replace(",,", ",")
    )
