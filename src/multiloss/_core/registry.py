"""The one list of members: it feeds string names, serialisation, contract tests, `multiloss list` and the docs."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import keras

from .balancer import Balancer
from .configured import parameters
from .errors import invalid, unknown_name
from .expectations import EXPECTATIONS
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
        aliases: other names of the literature, such as `"uw"`.
        expects: of a loss: one of `EXPECTATIONS`; empty where nothing is said, so that nothing is judged.
    """

    name: str
    cls: type
    family: str
    paper: str
    properties: tuple[str, ...]
    cases: tuple[Mapping[str, Any], ...] = field(default=({},))
    aliases: tuple[str, ...] = ()
    expects: str = ""

    @property
    def keys(self) -> set[str]:
        """What a string may be to mean it: name, aliases and class name, in any case and with any underscores."""
        return {_canonical(name) for name in (self.name, *self.aliases, self.cls.__name__)}

    @property
    def summary(self) -> str:
        """The first line of the class's docstring."""
        return (inspect.getdoc(self.cls) or "").split("\n")[0]


_ENTRIES: dict[tuple[str, str], Entry] = {}


def register(
    name: str,
    *,
    aliases: Iterable[str] = (),
    paper: str = "",
    properties: Iterable[str] = (),
    cases: Iterable[Mapping[str, Any]] = ({},),
    expects: str = "",
) -> Callable[[Class], Class]:
    """Registers a member where it is written: its string name, its serialisation, its tests.

    It then goes by its name wherever a member of the library does (`ml.compile(balancer=...)`, `ml.Term(scale=...)`,
    `ml.Term(loss=...)`, `ml.compare`), is saved with a trainer, and is found when that is loaded, once the module
    that registers it is imported. The class and its module may be registered anew, as a notebook does.

    Args:
        name: the class's name in lower case, with underscores between its words.
        aliases: other names that the literature uses.
        paper: reference, such as `"arXiv:2001.06782"`.
        properties: the properties that hold for every case; `multiloss list --json` shows which there are.
        cases: keyword arguments for the contract tests.
        expects: of a loss, what `ml.diagnose` may judge its targets and predictions by: `"sparse"` (class numbers),
            `"one_hot"`, `"classes"` (either), `"binary"`, `"overlap"` (masks), `"distances"`, `"grades"`,
            `"squared"` or `"absolute"` (errors of numbers), `"angles"`.

    Returns:
        The decorator of a class that derives from `Balancer`, `Scale`, `Schedule` or `keras.losses.Loss`.

    Raises:
        ValueError: for another class, a property or an expectation that there is not, and a name that is taken: for a
            loss also one that Keras knows, which means Keras's loss.

    Example:
        >>> import keras
        >>> import multiloss as ml
        >>> @ml.register("first_only")
        ... class FirstOnly(ml.Balancer):
        ...     needs = ml.Needs.LOSSES
        ...     def raw_weights(self, signals, state):
        ...         return keras.ops.one_hot(0, signals.losses.shape[0]), state
        >>> ml.balancers.get("first_only")
        FirstOnly()
    """

    def decorate(cls: Class) -> Class:
        family = _family(cls)
        claimed = tuple(properties)
        for entry in claimed:
            if entry not in PROPERTIES:
                raise unknown_name("property", entry, PROPERTIES)
        if expects and (family != "loss" or expects not in EXPECTATIONS):
            raise unknown_name("expectation", expects, EXPECTATIONS if family == "loss" else ())
        _enter(Entry(name, cls, family, paper, claimed, tuple(cases), tuple(aliases), expects))
        # The family keeps apart members of one class name, such as the scale and the schedule `Constant`.
        return keras.saving.register_keras_serializable(f"{PACKAGE}.{family}")(cls)

    return decorate


def _enter(entry: Entry) -> None:
    if entry.family == "loss" and (of_keras := sorted(filter(known_to_keras, (entry.name, *entry.aliases)))):
        raise invalid(
            f"A loss must have a name of its own: {of_keras[0]!r} is a loss of Keras",
            received=f"{entry.name!r} for the class {entry.cls.__name__}",
            fix="Choose another name.",
        )
    for known in members(entry.family):
        if (known.cls.__module__, known.cls.__qualname__) == (entry.cls.__module__, entry.cls.__qualname__):
            del _ENTRIES[known.family, known.name]  # the same class, from a module that was loaded anew
        elif taken := known.keys & entry.keys:
            raise invalid(
                f"A {entry.family} must have a name of its own: {sorted(taken)[0]!r} is {known.cls.__name__}",
                received=f"{entry.name!r} for the class {entry.cls.__name__}",
                fix="Choose another name, for the class too if it is that.",
            )
    _ENTRIES[entry.family, entry.name] = entry


def known_to_keras(name: str) -> bool:
    """Whether a string means a loss of Keras's."""
    try:
        keras.losses.get(name)
    except ValueError:
        return hasattr(keras.losses, name)  # `get` does not know every loss that Keras exports
    except TypeError:  # a class that needs arguments
        return True
    return True


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


def names(family: str) -> list[str]:
    """The names of all members of a family."""
    return [entry.name for entry in members(family)]


def find(family: str, name: str) -> Entry | None:
    """The member of that name, alias or class name; None when nobody has it."""
    return next((entry for entry in members(family) if _canonical(name) in entry.keys), None)


def entry_of(cls: type) -> Entry | None:
    """The entry of a class; None when it was never registered."""
    return next((entry for entry in _ENTRIES.values() if entry.cls is cls), None)


def resolve(family: str, identifier: Any, base: type) -> Any:
    """Turns a string name, a config or an object into an object of `base`.

    Args:
        family: where to look the string up.
        identifier: a registered name or alias (`"pcgrad"`, also `"PCGrad"`), a serialised config, or an instance.
        base: the class that the result must have.

    Raises:
        ValueError: for a string that names no member, or an object of another kind.
    """
    if isinstance(identifier, str):
        entry = find(family, identifier)
        if entry is None:
            unweighted = family == "balancer" and _canonical(identifier) in ("equal", "none", "off", "sum", "uniform")
            fix = "For your loss_weights alone, without balancing, write balancer=None." if unweighted else ""
            aliases = [alias for entry in members(family) for alias in entry.aliases]
            raise unknown_name(family, identifier, names(family), fix, aliases=aliases)
        if missing := [each.name for each in parameters(entry.cls).values() if each.default is each.empty]:
            raise invalid(
                f"The {family} {entry.name!r} needs arguments, which a name cannot give",
                received=repr(identifier),
                fix=f"Write {entry.cls.__name__}({', '.join(f'{each}=...' for each in missing)}).",
            )
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
        known = ", ".join(names(family))
        raise invalid(f"Expected a {base.__name__} or one of the names {known}", received=identifier)
    return identifier


def _canonical(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())
