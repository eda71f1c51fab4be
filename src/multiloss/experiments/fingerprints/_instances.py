"""Plain values, containers, tables, and objects of any other class: by what a copy of them would be made from."""

from __future__ import annotations

import copyreg
import functools
import logging
import pathlib
import threading
import weakref
from collections.abc import Mapping, Set
from typing import Any

import numpy as np

from ...training.reading import columns_of
from ._node import InOrder, Node, Unreadable, key_of
from ._origin import is_library

_PLAIN = (type(None), bool, int, float, complex, str, type(Ellipsis), type(NotImplemented))
# They keep threads apart, or point at something without holding it: there is nothing in them.
_EMPTY = (type(threading.Lock()), type(threading.RLock()), threading.local, threading.Event, threading.Condition)


def describe_plain(value: Any) -> Node | None:
    """None, numbers, texts and bytes."""
    if type(value) in _PLAIN:
        return Node(type(value).__name__, own=repr(value).encode("utf-8", "surrogatepass"))
    if isinstance(value, bytes | bytearray | memoryview):
        return Node("bytes", own=bytes(value))
    return None


def describe_container(value: Any) -> Node | None:
    """Lists, tuples, dicts, sets, ranges, partial functions, and tables with columns."""
    if isinstance(value, InOrder):
        return _in_order(value.value)
    if isinstance(value, Mapping):
        pairs = tuple((str(key), (key_of(key), entry)) for key, entry in value.items())
        return Node("dict", (("", _own_class(value)), *pairs), ordered=False)
    if isinstance(value, list | tuple):
        # A plain list that Keras tracks is still a list.
        kind: Any = "list" if isinstance(value, list) else "tuple"
        return Node(kind, (("", _own_class(value)), *((str(place), entry) for place, entry in enumerate(value))))
    if isinstance(value, Set):
        return Node("set", (("", _own_class(value)), *(("entry", entry) for entry in value)), ordered=False)
    if isinstance(value, range | slice):
        return Node(type(value).__name__, (("ends", [value.start, value.stop, value.step]),))
    if isinstance(value, functools.partial):
        keywords = dict(value.keywords)
        return Node("partial", (("function", value.func), ("arguments", value.args), ("keywords", keywords)))
    return _of_table(value)


def _own_class(value: Any) -> type | None:
    """The class of a container of the user's own; plain ones, and those in which Keras tracks, are what they hold."""
    return None if is_library(type(value).__module__) else type(value)


def _in_order(value: Any) -> Node:
    if not isinstance(value, Mapping):
        return Node("as it is", (("value", value),))
    return Node("in order", tuple((str(key), (key_of(key), InOrder(entry))) for key, entry in value.items()))


def _of_table(value: Any) -> Node | None:
    """A DataFrame by its columns and their names, a Series by its values; the names of the rows reach no model."""
    if isinstance(value, type):
        return None
    if (columns := columns_of(value)) is not None:
        return Node("table", tuple((str(name), (key_of(name), _column(value[name]))) for name in columns))
    if hasattr(value, "to_numpy"):
        return Node("column", (("values", _column(value)),))
    return None


def _column(series: Any) -> Any:
    return [str(getattr(series, "dtype", "")), np.asarray(series.to_numpy())]


def describe_instance(value: Any) -> Node:
    """An object of any other class, as it would be copied or sent to another process.

    Raises:
        Unreadable: for what cannot be: open files, generators, handles on what lies elsewhere.
    """
    if isinstance(value, _EMPTY):
        return Node(type(value).__name__)
    if isinstance(value, logging.Logger):
        return Node("logger", (("name", value.name),))
    if isinstance(value, weakref.ref):
        return Node("reference", (("value", value()),))
    if isinstance(value, pathlib.PurePath):
        return Node("path", (("path", str(value)),))
    if (own := own_fingerprint(value)) is not None:
        return own
    try:
        reduce = copyreg.dispatch_table.get(type(value))
        reduced = value.__reduce_ex__(4) if reduce is None else reduce(value)
    except Exception as error:
        raise Unreadable(f"is a {type(value).__name__}, which cannot be read") from error
    if isinstance(reduced, str):
        return Node("by name", (("class", type(value)), ("name", reduced)))
    maker, arguments, *rest = reduced
    state, items, entries = (*rest, None, None, None)[:3]
    return Node(
        "object",
        (
            ("class", type(value)),
            ("maker", maker),
            ("", arguments),
            ("", state),
            ("items", None if items is None else list(items)),
            ("entries", None if entries is None else list(entries)),
        ),
    )


def own_fingerprint(value: Any) -> Node | None:
    """What an object says of its content itself, by a method or attribute `fingerprint` that the user has given it."""
    if isinstance(value, type) or not _is_told_by_the_user(value):
        return None
    found = value.fingerprint() if callable(value.fingerprint) else value.fingerprint
    if not isinstance(found, str | int | bytes | list | tuple | dict):
        raise Unreadable(f"has a `fingerprint` that is no text or number, but a {type(found).__name__}")
    return Node("fingerprint", (("class", type(value)), ("fingerprint", found)))


def _is_told_by_the_user(value: Any) -> bool:
    """A library's own method of that name, as TensorFlow's data sets have one, promises something else."""
    if "fingerprint" in getattr(value, "__dict__", {}):
        return True
    holder = next((base for base in type(value).__mro__ if "fingerprint" in vars(base)), None)
    return holder is not None and not is_library(holder.__module__)
