"""What a value is described by: its kind, and the values that it is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Node:
    """A value taken apart; whatever differs in meaning differs in here, and nothing else does.

    Attributes:
        kind: what it is.
        entries: what it is made of, each with a word for messages, which does not count.
        ordered: False where the order of the entries means nothing, as in a set.
        own: bytes that count as they are.
    """

    kind: str
    entries: tuple[tuple[str, Any], ...] = ()
    ordered: bool = True
    own: bytes = b""


@dataclass(frozen=True)
class InOrder:
    """A mapping whose order counts, as that of losses, which is the order of the terms; nested ones too.

    Attributes:
        value: the mapping, or anything else, which stands for itself.
    """

    value: Any


class Unreadable(Exception):
    """Something whose content cannot be known; the message says why, to follow the name of the thing."""


def key_of(key: Any) -> Any:
    """A key or a name as a value: a text of this sort stands for itself, whatever has been registered under it."""
    return f"key {key}".encode("utf-8", "surrogatepass") if type(key) is str else key
