"""The contenders of a comparison, by label."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..._core.aggregator import Aggregator
from ..._core.balancer import Balancer
from ..._core.errors import invalid
from ..._core.registry import entry_of, members, resolve
from ..._core.whole_characters import check_whole
from ..defaults import FIXED
from ..runs import Contender

# Names that stand for all members of a kind that need no arguments.
GROUPS = ("all", "all-weighting", "all-aggregation")


def contenders(balancers: str | Sequence[Any] | Mapping[str, Any], baseline: str = FIXED) -> dict[str, Contender]:
    """Labels and contenders, in the order given; the baseline is put first when it is left out.

    Args:
        balancers: names (`"fixed,pcgrad"`, or a list), the groups `"all"`, `"all-weighting"` and `"all-aggregation"`
            (every registered member that needs no arguments), objects, None for the user's weights alone (labelled
            `"fixed"`), or a mapping of labels to any of them and to `Contender`, which has weights of its own.
        baseline: the label that the others are compared with.

    Returns:
        Label to contender.

    Raises:
        ValueError: for a name that nobody knows, a label that is used twice, or no balancer at all.

    Example:
        >>> contenders({"plain": None}, baseline="plain")
        {'plain': Contender(balancer=None, loss_weights=None)}
    """
    if isinstance(balancers, str):
        balancers = [name.strip() for name in balancers.split(",") if name.strip()]
    if isinstance(balancers, Mapping):
        pairs = [(str(label), _contender(value)) for label, value in balancers.items()]
    else:
        pairs = [(_label(value), _contender(value)) for entry in balancers for value in _members(entry)]
    if not pairs:
        raise invalid("`balancers` must name at least one balancer", received=balancers, fix="Write 'fixed,pcgrad'.")
    found: dict[str, Contender] = {}
    for label, contender in pairs:
        check_whole("The label of a contender", label)
        if label in found:
            raise invalid(
                "Every balancer of a comparison needs its own label",
                received=f"{label!r} twice",
                fix="Give a mapping of labels to balancers.",
            )
        found[label] = contender
    return found if baseline in found else {baseline: _contender(baseline), **found}


def _members(value: Any) -> list[Any]:
    """The names that a group stands for; the value itself where it is none."""
    if not (isinstance(value, str) and value.lower() in GROUPS):
        return [value]
    kinds = {"all": (True, False), "all-weighting": (False,), "all-aggregation": (True,)}[value.lower()]
    return [
        entry.name for entry in members("balancer") if not entry.cases[0] and issubclass(entry.cls, Aggregator) in kinds
    ]


def _contender(value: Any) -> Contender:
    if isinstance(value, Contender):
        return Contender(_balancer(value.balancer), value.loss_weights)
    return Contender(_balancer(value))


def _balancer(value: Any) -> Balancer | None:
    return None if value is None else resolve("balancer", value, Balancer)


def _label(value: Any) -> str:
    if value is None:
        return FIXED
    if isinstance(value, str):
        return value.lower()
    entry = entry_of(type(value))
    return entry.name if entry else type(value).__name__
