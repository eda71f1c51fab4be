"""A balancer of the search, with the ranges of its parameters."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..._core.balancer import Balancer
from ..._core.errors import invalid, unknown_name
from ..._core.registry import entry_of, find, names
from ..comparison import contenders
from ..defaults import FIXED
from ._ranges import Range, parameter_range


@dataclass(frozen=True)
class BalancerChoice:
    """One balancer of a search.

    Attributes:
        label: its name in the search.
        cls: its class; None where nothing is balanced.
        config: its arguments.
        ranges: parameter to range.
    """

    label: str
    cls: type[Balancer] | None
    config: Mapping[str, Any] = field(default_factory=dict)
    ranges: Mapping[str, Range] = field(default_factory=dict)

    def make(self, parameters: Mapping[str, Any]) -> Balancer | None:
        """The balancer with these parameters."""
        return None if self.cls is None else self.cls.from_config({**self.config, **parameters})

    def code(self, parameters: Mapping[str, Any]) -> str:
        """What to write for it in Python."""
        if self.cls is None:
            return "None"
        entry, defaults = entry_of(self.cls), _defaults(self.cls)
        config = {**self.config, **parameters}
        given = {name: value for name, value in config.items() if name not in defaults or defaults[name] != value}
        if entry is not None and not given:
            return f'"{entry.name}"'
        package, *rest = self.cls.__module__.split(".")
        place = f"ml.{rest[0]}." if package == "multiloss" and rest else ""
        return f"{place}{self.cls.__name__}({', '.join(f'{name}={value!r}' for name, value in given.items())})"


def balancer_choices(balancers: str | Sequence[Any] | Mapping[str, Any]) -> dict[str, BalancerChoice]:
    """The balancers of a search by label, the one that leaves the weights alone first.

    Args:
        balancers: names, groups or objects as for `compare`; or a mapping of names to what is searched of each:
            `{"cagrad": {"c": (0.1, 0.9)}, "uncertainty": {}}`; or such text as `"fixed,cagrad(c=0.1..0.9)"`.

    Raises:
        ValueError: for a name that nobody knows, and for a parameter that the balancer does not have.
    """
    if isinstance(balancers, str):
        balancers = _from_text(balancers)
    if isinstance(balancers, Mapping):
        found = {str(label): _choice(str(label), value) for label, value in balancers.items()}
    else:
        found = {label: _plain(label, contender.balancer) for label, contender in contenders(balancers, FIXED).items()}
    return {FIXED: BalancerChoice(FIXED, None), **{label: choice for label, choice in found.items() if label != FIXED}}


def _choice(label: str, value: Any) -> BalancerChoice:
    if value is None or isinstance(value, Balancer):
        return _plain(label, value)
    if not isinstance(value, Mapping):
        raise invalid(
            f"What is searched of balancer {label!r} must be a dict of parameter to range",
            received=repr(value),
            fix="An empty one searches nothing of it.",
        )
    entry = find("balancer", label)
    if entry is None:
        raise unknown_name("balancer", label, names("balancer"))
    cls = entry.cls
    parameters = inspect.signature(cls).parameters
    for name in value:
        if name not in parameters:
            raise unknown_name(f"parameter of balancer {label!r}:", name, parameters)
    return BalancerChoice(
        label, cls, {}, {name: parameter_range(f"{label}.{name}", given) for name, given in value.items()}
    )


def _plain(label: str, balancer: Balancer | None) -> BalancerChoice:
    if balancer is None or label == FIXED:
        return BalancerChoice(label, None)
    return BalancerChoice(label, type(balancer), balancer.get_config())


def _defaults(cls: type) -> dict[str, Any]:
    return {name: parameter.default for name, parameter in inspect.signature(cls).parameters.items()}


def _from_text(text: str) -> Any:
    """`"fixed,cagrad(c=0.1..0.9, every=1|2)"` as a mapping; plain names stay a list, so that groups work."""
    if "(" not in text:
        return [name.strip() for name in text.split(",") if name.strip()]
    found: dict[str, dict[str, str]] = {}
    for part in _split(text):
        name, bracket, inside = part.partition("(")
        if bracket and not inside.endswith(")"):
            raise invalid("A balancer with parameters is written as name(parameter=range)", received=part)
        pairs = [pair.partition("=") for pair in inside[:-1].split(",") if pair.strip()]
        if not all(sign for _, sign, _ in pairs):
            raise invalid("A balancer with parameters is written as name(parameter=range)", received=part)
        found[name.strip().lower()] = {key.strip(): value.strip() for key, _, value in pairs}
    return found


def _split(text: str) -> list[str]:
    """Parts between commas that stand in no bracket."""
    parts, depth = [""], 0
    for letter in text:
        depth += (letter == "(") - (letter == ")")
        if letter == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts if part.strip()]
