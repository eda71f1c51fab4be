"""Which variables are shared, and over what the Gramian is taken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from .._core.aggregator import Aggregator
from .._core.errors import invalid
from .._core.variables import layer_names, matches
from ._objective import Objective
from ._tappable import REPRESENTATION
from ._taps import Tap


@dataclass(frozen=True)
class Sharing:
    """Which trainable variables are shared, by index.

    Attributes:
        shared: reached by at least two balanced terms, or given by pattern.
        private: all others.
        measured: those over which the Gramian is taken, and whose gradients must be formed.
        taps: layers that give the rest of the Gramian from what they took in and gave out.
    """

    shared: tuple[int, ...]
    private: tuple[int, ...]
    measured: tuple[int, ...]
    taps: tuple[Tap, ...] = ()


def find_sharing(objective: Objective, reach: Sequence[set[int]], variables: Sequence[Any]) -> Sharing:
    """Splits the trainable variables into shared and private ones.

    Args:
        objective: the terms and the balancer.
        reach: for every term, the indices of the variables that it reaches structurally.
        variables: the trainable variables.

    Raises:
        ValueError: when nothing is shared, or a pattern matches no layer.
    """
    balancing = objective.balancing
    balancer = balancing.aggregator
    indices = range(len(variables))
    wanted = balancer.shared if isinstance(balancer, Aggregator) else None
    if wanted is not None:
        shared = _matching("shared", wanted, variables)
    else:
        shared = shared_by_structure(balancing.rows, reach)
    if not shared:
        names = [objective.terms[index].name for index in balancing.balanced]
        raise invalid(
            f"{type(balancer).__name__} balances gradients over variables that at least two of the terms "
            f"{', '.join(names)} reach",
            received="a model in which no variable is shared by two of them",
            fix="Use balancer=None or a loss-value balancer, or name the layers with shared='...'.",
        )
    private = tuple(index for index in indices if index not in set(shared))
    return Sharing(tuple(shared), private, tuple(_measured(balancer, shared, variables)))


def with_taps(sharing: Sharing, taps: Sequence[Tap], around: Sequence[set[int]]) -> Sharing:
    """Leaves to taps what they can give: all variables of a layer, reached by no term but through the layer's calls.

    Args:
        sharing: from `find_sharing`.
        taps: for variables, or for representations that stand in the place of all of them.
        around: for every balanced term, the variables that it reaches around the tapped layers.
    """
    elsewhere = set().union(*around)
    chosen = tuple(tap for tap in taps if set(tap.variables) <= set(sharing.measured) - elsewhere)
    given = {index for tap in chosen for index in tap.variables}
    measured = () if any(not tap.variables for tap in chosen) else sharing.measured
    return replace(sharing, taps=chosen, measured=tuple(index for index in measured if index not in given))


def shared_by_structure(rows: Sequence[Sequence[int]], reach: Sequence[set[int]]) -> list[int]:
    """The variables that at least two rows of terms reach, by index."""
    reached_by = [set().union(*(reach[term] for term in row)) for row in rows]
    everything = set().union(*reached_by)
    return sorted(index for index in everything if sum(index in row for row in reached_by) >= 2)


def _measured(balancer: Any, shared: Sequence[int], variables: Sequence[Any]) -> Sequence[int]:
    wrt = balancer.wrt if isinstance(balancer, Aggregator) else "shared"
    if wrt == "shared" or wrt.startswith(REPRESENTATION):
        return shared
    if wrt == "last_shared":
        last = layer_names([variables[shared[-1]]])[0]
        return [index for index in shared if layer_names([variables[index]])[0] == last]
    return _matching("wrt", wrt, variables)


def _matching(argument: str, pattern: str, variables: Sequence[Any]) -> list[int]:
    found = [index for index, variable in enumerate(variables) if matches(pattern, variable)]
    if not found:
        raise invalid(
            f"`{argument}` must match a layer with trainable weights",
            received=pattern,
            fix=f"Layers: {', '.join(layer_names(variables))}.",
        )
    return found
