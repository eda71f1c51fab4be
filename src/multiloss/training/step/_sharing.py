"""Which variables are shared, and over what the Gramian is taken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..._core.errors import invalid
from ..._core.variables import layer_names, matches
from ..rows import REPRESENTATION, CapturedLayer
from ._objective import Objective


@dataclass(frozen=True)
class Sharing:
    """Which trainable variables are shared, by index.

    Attributes:
        shared: connected to at least two balanced terms, or given by pattern.
        private: all others.
        measured: those over which the Gramian is taken, and whose gradients must be formed.
        captured: layers that give the rest of the Gramian from what they took in and gave out.
    """

    shared: tuple[int, ...]
    private: tuple[int, ...]
    measured: tuple[int, ...]
    captured: tuple[CapturedLayer, ...] = ()


def find_sharing(objective: Objective, connected: Sequence[set[int]], variables: Sequence[Any]) -> Sharing:
    """Splits the trainable variables into shared and private ones.

    Args:
        objective: the terms and the balancer.
        connected: for every term, the indices of the variables that it is structurally connected to.
        variables: the trainable variables.

    Raises:
        ValueError: when nothing is shared, or a pattern matches no layer.
    """
    balancing = objective.balancing
    indices = range(len(variables))
    if balancing.over.shared is not None:
        shared = _matching("shared", balancing.over.shared, variables)
    else:
        shared = shared_by_structure(balancing.rows, connected)
    if not shared:
        names = [objective.terms[index].name for index in balancing.balanced]
        raise invalid(
            f"{type(balancing.balancer.unwrapped).__name__} balances gradients over variables that at least two of the "
            f"terms {', '.join(names)} reach",
            received="a model in which no variable is shared by two of them",
            fix="Use balancer=None or a loss-value balancer, or name the layers with shared='...'.",
        )
    private = tuple(index for index in indices if index not in set(shared))
    return Sharing(tuple(shared), private, tuple(_measured(balancing.over.wrt, shared, variables)))


def with_captured(sharing: Sharing, captured: Sequence[CapturedLayer], around: Sequence[set[int]]) -> Sharing:
    """Leaves to captured layers what they can give: all their variables, where terms reach these by their calls alone.

    Args:
        sharing: from `find_sharing`.
        captured: for variables, or for representations that stand in the place of all of them.
        around: for every balanced term, the variables that it is connected to around the captured layers.
    """
    elsewhere = set().union(*around)
    chosen = tuple(layer for layer in captured if set(layer.variables) <= set(sharing.measured) - elsewhere)
    given = {index for layer in chosen for index in layer.variables}
    measured = () if any(not layer.variables for layer in chosen) else sharing.measured
    return replace(sharing, captured=chosen, measured=tuple(index for index in measured if index not in given))


def shared_by_structure(rows: Sequence[Sequence[int]], connected: Sequence[set[int]]) -> list[int]:
    """The variables that at least two rows of terms are connected to, by index."""
    of_rows = [set().union(*(connected[term] for term in row)) for row in rows]
    everything = set().union(*of_rows)
    return sorted(index for index in everything if sum(index in row for row in of_rows) >= 2)


def _measured(wrt: str, shared: Sequence[int], variables: Sequence[Any]) -> Sequence[int]:
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
