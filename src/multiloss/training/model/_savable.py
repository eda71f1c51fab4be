"""Whether the arguments of `compile` can be saved and read again: asked when saving, and before a fit that saves."""

from __future__ import annotations

import dataclasses
import functools
import inspect
import warnings
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import keras

from ..._core.balancer import Balancer
from ..._core.configured import parameters
from ..._core.errors import invalid
from ..._core.scale import Scale
from ..._core.schedule import Schedule
from ...terms import Description

_SEEN_THROUGH = (
    Balancer,
    Description,
    Scale,
    Schedule,
    keras.losses.Loss,
    keras.metrics.Metric,
    keras.optimizers.Optimizer,
    keras.optimizers.schedules.LearningRateSchedule,
)
_REGISTER = "decorate it with @keras.saving.register_keras_serializable('mine')."
_PLACES = {
    "loss": "Term {!r}",
    "loss_weights": "The weight of {!r}",
    "metrics": "A metric of {!r}",
    "weighted_metrics": "A weighted metric of {!r}",
}


def check_savable(arguments: Mapping[str, Any], optimizer: Any) -> None:
    """Refuses what Keras could write, and nobody could read again.

    Args:
        arguments: those of `compile`.
        optimizer: as it is now.

    Raises:
        ValueError: for a lambda, or a function or class made inside of a function, named by the term, the metrics or
            the argument that it stands in.
    """
    only_with_custom_objects = {}
    for place, value in _leaves(arguments, optimizer):
        for part in _parts(value):
            if (kind := _unreadable(part)) is not None:
                raise invalid(
                    f"{place} holds {kind}, which cannot be saved",
                    received=_shown(part),
                    fix=f"Write it at the top level of a module and {_REGISTER}",
                )
            if (name := _unregistered(part)) is not None:
                only_with_custom_objects[name] = place
    for name, place in only_with_custom_objects.items():
        warnings.warn(
            f"{place} holds {name!r}, which Keras does not know: the file can only be loaded with custom_objects="
            f"{{{name!r}: {name}}}. To load it without, {_REGISTER}",
            stacklevel=2,
        )


def check_saving_callbacks(callbacks: Iterable[Any], arguments: Mapping[str, Any], optimizer: Any) -> None:
    """The same before a training whose callbacks save the whole trainer, not its weights alone."""
    if any(isinstance(each, keras.callbacks.ModelCheckpoint) and not each.save_weights_only for each in callbacks):
        check_savable(arguments, optimizer)


def _leaves(arguments: Mapping[str, Any], optimizer: Any) -> Iterator[tuple[str, Any]]:
    """The single objects in the arguments, with the place that a message names."""
    for argument, value in {**arguments, "optimizer": optimizer}.items():
        for path, leaf in _flattened(value, ""):
            yield named_place(argument, path.removesuffix("[0]") if "metrics" in argument else path), leaf


def named_place(argument: str, path: str) -> str:
    """An argument of `compile`, or what stands in it under a path of keys, as a message names it."""
    return _PLACES[argument].format(path) if path and argument in _PLACES else f"`{argument}`"


def _flattened(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for key, child in value.items():
            yield from _flattened(child, f"{path}/{key}" if path else str(key))
    elif isinstance(value, list | tuple):
        for index, child in enumerate(value):
            yield from _flattened(child, f"{path}[{index}]" if path else "")
    else:
        yield path, value


def _parts(value: Any, above: tuple[int, ...] = ()) -> Iterator[Any]:
    """An object, and the functions and objects that it was made of."""
    yield value
    if not isinstance(value, _SEEN_THROUGH) or id(value) in above:
        return
    if dataclasses.is_dataclass(value):
        held = {field.name: getattr(value, field.name) for field in dataclasses.fields(value) if field.init}
    else:
        held = vars(value)
    # The arguments of ours are what it is made of again; an object of the user's may hold what its config does not.
    given = parameters(type(value)) if _root(type(value)) == "multiloss" else ()
    for name, entry in held.items():
        for _, leaf in _flattened(entry, ""):
            argument = name.removeprefix("_") in given and callable(leaf) and not isinstance(leaf, type)
            if argument or inspect.isfunction(leaf) or isinstance(leaf, (functools.partial, *_SEEN_THROUGH)):
                yield from _parts(leaf, (*above, id(value)))


def _unreadable(value: Any) -> str | None:
    """What kind of thing it is, where nobody could find it again by its name."""
    if getattr(value, "__name__", "") == "<lambda>":
        return "a lambda"
    owner = _definition(value)
    if owner is None:
        return "an object without `get_config`" if _is_foreign(value) else None
    if inspect.isroutine(value) and _root(value) in ("builtins", "keras") and _is_lost(value):
        return "a function that Keras does not find by its name"
    if "<locals>" not in owner.__qualname__ or _is_known(owner):
        return None
    return "a function inside a function" if owner is value else "an object of a class inside a function"


def _unregistered(value: Any) -> str | None:
    """The name of the user's own function or class that Keras does not know."""
    owner = _definition(value)
    return None if owner is None or _is_known(owner) else owner.__name__


def _definition(value: Any) -> Any:
    """The function, or the class of the object; None for what has no definition of the user's."""
    if inspect.isfunction(value) or inspect.isbuiltin(value):
        return value
    made_again = callable(getattr(value, "get_config", None)) and not isinstance(value, type)
    return type(value) if made_again or isinstance(value, _SEEN_THROUGH) else None


def _is_foreign(value: Any) -> bool:
    """A callable that says nothing of how it was made."""
    plain = inspect.isfunction(value) or inspect.isbuiltin(value) or isinstance(value, type | str)
    return callable(value) and not plain and not hasattr(value, "get_config")


def _is_lost(function: Any) -> bool:
    """Whether Keras gives nothing or another function for its name, as for `keras.ops.binary_crossentropy`."""
    try:
        return keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(function)) is not function
    except Exception:
        return True


def _root(owner: Any) -> str:
    """The package that it is defined in."""
    return (getattr(owner, "__module__", None) or "").split(".")[0]


def _is_known(owner: Any) -> bool:
    """Whether Keras finds it again by its name."""
    if _root(owner) in ("keras", "multiloss"):
        return True
    # Registered names stand in a package, as "mine>name"; those of a scope of custom objects do not.
    name = keras.saving.get_registered_name(owner)
    return ">" in name or keras.saving.get_registered_object(owner.__name__) is owner


def _shown(value: Any) -> str:
    return getattr(value, "__name__", None) or type(value).__name__
