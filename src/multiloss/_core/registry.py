"""The one list of members: it feeds string names, serialisation, contract tests, `multiloss list` and the docs."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import keras

from .balancer import Balancer
from .errors import invalid, unknown_name
from .properties import PROPERTIES
from .scale import Scale
from .schedule import Schedule

PACKAGE = "multiloss"
Class = TypeVar("Class", bound=type)
_FAMILIES = (Balancer, Scale, Schedule, keras.losses.Loss)


@dataclass(frozen=True)
class Entry:
    """One registered member.

    Attributes:
        name: the string that stands for it, as in `balancer="pcgrad"`.
        cls: the class.
        family: `"balancer"`, `"scale"`, `"schedule"` or `"loss"`.
        paper: where the method was published; empty for common knowledge.
        properties: the mathematical properties that it claims, each tested in both directions.
        cases: keyword arguments with which the contract tests build it, the defaults first.
    """

    name: str
    cls: type
    family: str
    paper: str
    properties: tuple[str, ...]
    cases: tuple[Mapping[str, Any], ...] = field(default=({},))

    @property
    def summary(self) -> str:
        """The first line of the class's docstring."""
        return (inspect.getdoc(self.cls) or "").split("\n")[0]


_ENTRIES: dict[tuple[str, str], Entry] = {}


def register(
    name: str,
    *,
    paper: str = "",
    properties: Iterable[str] = (),
    cases: Iterable[Mapping[str, Any]] = ({},),
) -> Callable[[Class], Class]:
    """Registers a member where it is written: its string name, its serialisation, its tests.

    Args:
        name: lower-case string name.
        paper: reference, such as `"arXiv:2001.06782"`.
        properties: names from `multiloss._core.properties.PROPERTIES` that hold for every case.
        cases: keyword arguments for the contract tests.
    """

    def decorate(cls: Class) -> Class:
        family = _family(cls)
        claimed = tuple(properties)
        for entry in claimed:
            if entry not in PROPERTIES:
                raise unknown_name("property", entry, PROPERTIES)
        _ENTRIES[family, name] = Entry(name, cls, family, paper, claimed, tuple(cases))
        # The family keeps apart members of one class name, such as the scale and the schedule `Constant`.
        return keras.saving.register_keras_serializable(f"{PACKAGE}.{family}")(cls)

    return decorate


def _family(cls: type) -> str:
    for base in _FAMILIES:
        if issubclass(cls, base):
            return getattr(base, "family", "loss")
    raise invalid(
        "A registered class must derive from Balancer, Scale, Schedule or keras.losses.Loss", received=cls.__name__
    )


def members(family: str) -> list[Entry]:
    """All members of a family, in the order of their names."""
    return [entry for key, entry in sorted(_ENTRIES.items()) if key[0] == family]


def entry_of(cls: type) -> Entry | None:
    """The entry of a class; None when it was never registered."""
    return next((entry for entry in _ENTRIES.values() if entry.cls is cls), None)


def resolve(family: str, identifier: Any, base: type) -> Any:
    """Turns a string name, a config or an object into an object of `base`.

    Args:
        family: where to look the string up.
        identifier: a registered name (`"pcgrad"`, also `"PCGrad"`), a serialised config, or an instance.
        base: the class that the result must have.

    Raises:
        ValueError: for a string that names no member, or an object of another kind.
    """
    if isinstance(identifier, str):
        known = {_canonical(entry.name): entry for entry in members(family)}
        known.update({_canonical(entry.cls.__name__): entry for entry in members(family)})
        entry = known.get(_canonical(identifier))
        if entry is None:
            unweighted = family == "balancer" and _canonical(identifier) in ("equal", "none", "off", "sum", "uniform")
            fix = "For your loss_weights alone, without balancing, write balancer=None." if unweighted else ""
            raise unknown_name(family, identifier, [entry.name for entry in members(family)], fix)
        return entry.cls()
    if isinstance(identifier, dict):
        identifier = keras.saving.deserialize_keras_object(identifier)
    if isinstance(identifier, type) and issubclass(identifier, base):
        raise invalid(
            f"Expected an instance of {base.__name__}, not a class",
            received=identifier.__name__,
            fix=f"Write {identifier.__name__}().",
        )
    if not isinstance(identifier, base):
        names = ", ".join(entry.name for entry in members(family))
        raise invalid(f"Expected a {base.__name__} or one of the names {names}", received=identifier)
    return identifier


def _canonical(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())
