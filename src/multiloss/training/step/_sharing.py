"""Which variables are shared, and over what the Gramian is taken."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..._core.errors import invalid
from ..._core.variables import layer_names, matches
from ..._core.wording import a_few, listed
from ..rows import REPRESENTATION, CapturedLayer
from ._objective import Objective


@dataclass(frozen=True)
class Sharing:
    """Which trainable variables are shared, by index.

    Attributes:
        shared: connected to at least two balanced terms, or given by pattern; none while what is shared is frozen, and
            then the user's weights hold.
        private: all others.
        measured: those over which the Gramian is taken, and whose gradients must be formed.
        captured: layers that give the rest of the Gramian from what they took in and gave out.
        resting: rows of terms that cannot reach what the Gramian is taken over, and keep the user's weights.
    """

    shared: tuple[int, ...]
    private: tuple[int, ...]
    measured: tuple[int, ...]
    captured: tuple[CapturedLayer, ...] = ()
    resting: tuple[int, ...] = ()


def find_sharing(
    objective: Objective, connected: Sequence[set[int]], variables: Sequence[Any], frozen: Sequence[Any]
) -> Sharing:
    """Splits the trainable variables into shared and private ones.

    While layers are frozen, as in the first phase of fine-tuning, it warns where it would else refuse.

    Args:
        objective: the terms and the balancer.
        connected: for every term, the indices of the variables that it is structurally connected to.
        variables: the trainable variables.
        frozen: those that somebody has frozen.

    Raises:
        ValueError: when nothing is shared, or a pattern matches no layer.
    """
    balancing = objective.balancing
    everything = range(len(variables))
    if balancing.over.shared is not None:
        shared = _matching("shared", balancing.over.shared, variables, frozen)
    else:
        shared = shared_by_structure(balancing.rows, connected)
    measured = _measured(balancing.over.wrt, shared, variables, frozen) if shared else ()
    if not measured:
        names = listed(repr(objective.terms[index].name) for index in balancing.balanced)
        what = f"{_balancer(objective)} balances gradients over variables that at least two of the terms {names} reach"
        if not frozen:
            raise invalid(
                what,
                received="a model in which no variable is shared by two of them",
                fix="Use balancer=None or a loss-value balancer, or name the layers with shared='...'.",
            )
        if variables:  # else it is said already that nothing is trained
            warnings.warn(
                f"{what}. There are none as long as layers are frozen ({_layers(frozen)}): the user's weights hold.",
                UserWarning,
                stacklevel=2,
            )
        return Sharing((), tuple(everything), ())
    private = tuple(index for index in everything if index not in set(shared))
    return Sharing(tuple(shared), private, tuple(measured))


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


def with_resting(
    sharing: Sharing,
    objective: Objective,
    reached: Sequence[bool],
    connected: Sequence[set[int]],
    variables: Sequence[Any],
    frozen: Sequence[Any],
) -> Sharing:
    """Tells a gradient that is zero from one that cannot be: a row out of reach is refused, or keeps its weights.

    Args:
        sharing: from `find_sharing`.
        objective: the terms and the balancer.
        reached: for every term, whether it is structurally connected to what the Gramian is taken over.
        connected: for every term, the indices of the variables that it is structurally connected to.
        variables: the trainable variables.
        frozen: those that somebody has frozen.

    Raises:
        ValueError: for a term that does not reach what `wrt` names.
    """
    balancing = objective.balancing
    # What is connected to nothing at all has a warning of its own, and teaches nothing under any weight.
    rows = [row for row in balancing.rows if any(connected[term] for term in row)]
    resting = [row for row in rows if not any(reached[term] for term in row)]
    if not sharing.shared or not resting:
        return sharing
    names = listed(repr(objective.terms[term].name) for row in resting for term in row)
    wrt = balancing.over.wrt
    if wrt != "shared" and not frozen:
        common = set.intersection(*(set().union(*(connected[term] for term in row)) for row in rows))
        layers = layer_names([variables[index] for index in sorted(common)])
        raise invalid(
            f"Every balanced term must reach what {_balancer(objective)} takes the gradients over, wrt={wrt!r}",
            received=f"{names}, which cannot",
            fix=(f"Layers that all terms reach: {', '.join(layers)}. " if layers else "")
            + "Take a term out of balancing with ml.Term(..., balanced=False).",
        )
    warnings.warn(
        f"{_balancer(objective)} cannot weigh {names}: nothing is reached of what the gradients are taken over, "
        f"wrt={wrt!r}. The user's weights hold for {'it' if len(resting) == 1 else 'them'}.",
        UserWarning,
        stacklevel=2,
    )
    return replace(sharing, resting=tuple(balancing.rows.index(row) for row in resting))


def shared_by_structure(rows: Sequence[Sequence[int]], connected: Sequence[set[int]]) -> list[int]:
    """The variables that at least two rows of terms are connected to, by index."""
    of_rows = [set().union(*(connected[term] for term in row)) for row in rows]
    everything = set().union(*of_rows)
    return sorted(index for index in everything if sum(index in row for row in of_rows) >= 2)


def _measured(wrt: str, shared: Sequence[int], variables: Sequence[Any], frozen: Sequence[Any]) -> Sequence[int]:
    if wrt == "shared" or wrt.startswith(REPRESENTATION):
        return shared
    if wrt == "last_shared":
        last = layer_names([variables[shared[-1]]])[0]
        return [index for index in shared if layer_names([variables[index]])[0] == last]
    return _matching("wrt", wrt, variables, frozen)


def _matching(argument: str, pattern: str, variables: Sequence[Any], frozen: Sequence[Any]) -> list[int]:
    """The trainable variables that a pattern names; none where all of them are frozen."""
    found = [index for index, variable in enumerate(variables) if matches(pattern, variable)]
    if not found and not any(matches(pattern, variable) for variable in frozen):
        raise invalid(
            f"`{argument}` must match a layer with trainable weights",
            received=pattern,
            fix=f"Layers: {', '.join(layer_names(variables))}.",
        )
    return found


def _balancer(objective: Objective) -> str:
    return type(objective.balancing.balancer.unwrapped).__name__


def _layers(variables: Sequence[Any]) -> str:
    """A few layers by name."""
    return a_few(dict.fromkeys(layer_names(variables)), "layers")
