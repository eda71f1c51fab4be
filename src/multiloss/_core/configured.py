"""What is made from its arguments: the config, the repr and the equality of every public object, written once."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from .keras_losses import wrapped_arguments
from .kinds import with_checked_kinds
from .plain_data import plain, restored

_BY_POSITION = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
_NAMED = (*_BY_POSITION, inspect.Parameter.KEYWORD_ONLY)
_OPEN = inspect.Parameter.VAR_KEYWORD


class Configured:
    """An object that its arguments make again.

    The argument `x` of `__init__` is kept as the attribute `x`, or `_x` where `x` is a method or says more. What
    `__init__` hands on by `**` to its bases counts as its own, and stands in its signature. A class that keeps an
    argument otherwise overrides `get_config`.
    """

    def __init_subclass__(cls, **kwargs: Any):
        super().__init_subclass__(**kwargs)
        init = vars(cls).get("__init__")
        if init is not None and any(each.kind is _OPEN for each in inspect.signature(init).parameters.values()):
            itself = inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD)
            init.__signature__ = inspect.Signature([itself, *parameters(cls).values()])
        if init is not None:
            cls.__init__ = with_checked_kinds(init)  # type: ignore[method-assign]

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this object again, as plain data."""
        return {name: plain(value) for name, value in _kept(self).items()}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """Makes the object from `get_config`."""
        return cls(**{name: restored(value) for name, value in config.items()})

    def __repr__(self) -> str:
        return _call(type(self), arguments(self))

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and _same(arguments(self), arguments(other))

    def __hash__(self) -> int:
        return hash(type(self))


def parameters(cls: type) -> dict[str, inspect.Parameter]:
    """The named parameters of a class, with those that it hands on by `**` to its bases; these by keyword only."""
    found: dict[str, inspect.Parameter] = {}
    for base in cls.__mro__:
        if (init := vars(base).get("__init__")) is None:
            continue
        own = list(inspect.signature(init).parameters.values())[1:]
        for each in own:
            if each.kind in _NAMED and each.name not in found:
                found[each.name] = each.replace(kind=inspect.Parameter.KEYWORD_ONLY) if base is not cls else each
        if not any(each.kind is _OPEN for each in own):
            break
    return found


def arguments(made: Any) -> dict[str, Any]:
    """The arguments that make an object again; as objects where it keeps them so, else from its config."""
    if type(made).get_config is Configured.get_config:
        return _kept(made)
    return {**made.get_config(), **_kept(made)}


def flat_arguments(made: Any) -> dict[str, str | int | float | bool]:
    """The arguments that make an object again, as numbers, truth values and texts: what tables and trackers take."""
    return {name: flat(value) for name, value in arguments(made).items()}


def flat(value: Any) -> str | int | float | bool:
    """A number, a truth value or a text as it is; anything else as one would write it."""
    value = value.item() if isinstance(value, np.generic) else value
    return value if isinstance(value, str | int | float | bool) else _words(value)


def given_name(made: Any) -> str | None:
    """The name of a Keras object, without the number of names that Keras makes up: `dice` of `dice_34`."""
    name = getattr(made, "name", None)
    if not isinstance(name, str):
        return None
    plain = re.sub(r"_\d+$", "", name)
    return plain if _squeezed(plain) == _squeezed(type(made).__name__) else name


def code(made: Any, **changes: Any) -> str:
    """The call that makes an object, with some arguments changed."""
    return _call(type(made), {**_config(made), **changes})


def _config(made: Any) -> dict[str, Any]:
    """The arguments of any object with a config, without a name that Keras made up."""
    if isinstance(made, Configured):
        return arguments(made)
    config = {**made.get_config(), **wrapped_arguments(made)}
    if _squeezed(given_name(made) or "") == _squeezed(type(made).__name__):
        config.pop("name", None)
    return config


def _squeezed(name: str) -> str:
    return re.sub(r"[\W_]", "", name).lower()


def _kept(made: Any) -> dict[str, Any]:
    found = {}
    own = vars(made)
    for name in parameters(type(made)):
        if name in own or f"_{name}" in own:
            found[name] = own[f"_{name}" if f"_{name}" in own else name]
        elif hasattr(made, name) and not callable(value := getattr(made, name)):
            found[name] = value
    return found


def _call(cls: type, given: Mapping[str, Any]) -> str:
    """The call that makes the object, without the arguments that have their defaults."""
    known = parameters(cls)
    given = {name: given[name] for name in known if name in given}
    optional = {name for name in given if known[name].default is not inspect.Parameter.empty}
    told = [name for name in given if name not in optional or not _same(given[name], known[name].default)]
    if any(name in optional for name in told):
        # An object may keep a default in another form: None as `Constant(1.0)`, the name of a loss from its class.
        try:
            plain = arguments(cls(**{name: value for name, value in given.items() if name not in optional}))
        except Exception:  # such as a schedule that needs one of `steps` and `epochs`
            plain = {}
        default = {name for name in optional & plain.keys() if _same(given[name], plain[name])}
        told = [name for name in told if name not in default]
    return f"{cls.__name__}({', '.join(f'{name}={_words(given[name])}' for name in told)})"


def _words(value: Any) -> str:
    """A value as one would write it; never an address."""
    if isinstance(value, Configured):
        return repr(value)
    if isinstance(value, keras.Variable):
        return value.path
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key!r}: {_words(entry)}" for key, entry in value.items()) + "}"
    if type(value) is list:
        return "[" + ", ".join(map(_words, value)) + "]"
    if type(value) is tuple:
        return "(" + ", ".join(map(_words, value)) + ("," if len(value) == 1 else "") + ")"
    if isinstance(value, np.generic):
        return repr(value.item())
    if callable(getattr(value, "get_config", None)) and not isinstance(value, type):
        return _call(type(value), _config(value))
    if callable(value):
        return getattr(value, "__name__", type(value).__name__)
    return repr(value) if type(value).__repr__ is not object.__repr__ else f"{type(value).__name__}()"


def _same(first: Any, second: Any) -> bool:
    if first is second:
        return True
    if isinstance(first, Mapping) and isinstance(second, Mapping):
        return first.keys() == second.keys() and all(_same(first[key], second[key]) for key in first)
    if isinstance(first, list | tuple) and type(first) is type(second):
        return len(first) == len(second) and all(map(_same, first, second))
    if isinstance(first, np.ndarray) or isinstance(second, np.ndarray):
        return bool(np.array_equal(first, second))
    if type(first) is type(second) and isinstance(first, keras.losses.Loss) and not isinstance(first, Configured):
        return _same(*({**vars(loss), "name": ""} for loss in (first, second)))
    try:
        return bool(first == second)
    except Exception:  # tensors of several entries have no truth value
        return False
