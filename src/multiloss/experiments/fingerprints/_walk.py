"""From a value to its digest: through everything that it is made of, however deep."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from types import FunctionType
from typing import Any

from ._arrays import describe_array
from ._code import describe_code
from ._data_sets import describe_data_set, is_data_set
from ._instances import describe_container, describe_instance, describe_plain
from ._keras_objects import describe_keras
from ._node import Node, Unreadable
from ._origin import address, is_library
from ._registered import registered

_DIGEST_BYTES = 16
_NOTHING_ABOVE = 10**9
# Words that lead to what cannot be read, in a message.
_WORDS = 4
_DESCRIBERS = (describe_keras, describe_array, describe_code, describe_container)


class Walk:
    """Digests values; what cannot be read is noted and the rest goes on.

    A value in which it stands itself, at any depth, is told by how far above it stands. Functions and classes of the
    user's modules are entered once each by their names, however many ways lead to them.

    Args:
        registered_names: what a text may stand for; None reads what is registered now.

    Attributes:
        unread: what could not be read, and why, in words.
    """

    def __init__(self, registered_names: Mapping[str, Any] | None = None) -> None:
        self.unread: list[str] = []
        self._known: dict[int, tuple[Any, bytes]] = {}
        self._named: dict[str, bytes] = {}
        self._above: dict[int, int] = {}
        self._words: list[str] = []
        self._registered = registered() if registered_names is None else registered_names

    def digest(self, value: Any, word: str = "") -> bytes:
        """The digest of a value and of all code that it leads to.

        Args:
            value: any.
            word: what it is called in messages.
        """
        self._words.append(word)
        root, _ = self._of(value)
        self._words.pop()
        return _hashed("root", [root, *(_hashed(name, [found]) for name, found in sorted(self._named.items()))])

    def _of(self, value: Any) -> tuple[bytes, int]:
        """A value's digest, and the depth of the highest value above it that stands in it as well."""
        plain = describe_plain(value)
        if plain is not None:
            found, highest = _hashed(plain.kind, [plain.own]), _NOTHING_ABOVE
            if type(value) is str and value in self._registered:
                meant, highest = self._of(self._registered[value])
                found = _hashed("name of", [found, meant])
            return found, highest
        if id(value) in self._known:
            return self._known[id(value)][1], _NOTHING_ABOVE
        if id(value) in self._above:
            place = self._above[id(value)]
            return _hashed("above", [str(len(self._above) - place).encode()]), place
        name = _name_of_code(value)
        if name is not None:
            return self._enter(name, value), _NOTHING_ABOVE
        return self._inside(value)

    def _enter(self, name: str, value: Any) -> bytes:
        if name not in self._named:
            self._named[name] = b""
            outer, self._above = self._above, {}
            try:
                self._named[name], _ = self._inside(value)
            finally:
                self._above = outer
        return _hashed("named", [name.encode()])

    def _inside(self, value: Any) -> tuple[bytes, int]:
        depth = len(self._above)
        self._above[id(value)] = depth
        try:
            found, highest = self._of_node(self._described(value))
        except Unreadable as why:
            self.unread.append(f"{self._place()} {why}")
            found, highest = _hashed("unread", []), _NOTHING_ABOVE
        finally:
            del self._above[id(value)]
        if highest >= depth:
            # The value is kept with it, so that no other one gets its place in memory meanwhile.
            self._known[id(value)] = value, found
            return found, _NOTHING_ABOVE
        return found, highest

    def _of_node(self, node: Node) -> tuple[bytes, int]:
        highest, parts = _NOTHING_ABOVE, []
        for word, entry in node.entries:
            self._words.append(word)
            part, above = self._of(entry)
            self._words.pop()
            parts.append(part)
            highest = min(highest, above)
        return _hashed(node.kind, [node.own, *(parts if node.ordered else sorted(parts))]), highest

    def _described(self, value: Any) -> Node:
        try:
            if is_data_set(value):
                return describe_data_set(value, self._batch)
            for describe in _DESCRIBERS:
                if (node := describe(value)) is not None:
                    return node
            return describe_instance(value)
        except (Unreadable, RecursionError):
            raise
        except Exception as error:
            what = f"is a {type(value).__name__}, which cannot be read"
            raise Unreadable(f"{what}: {type(error).__name__}: {error}") from error

    def _place(self) -> str:
        words = [word for word in self._words if word and not word.isdigit()]
        return " › ".join([*words[:1], *words[1:][-_WORDS:]])

    def _batch(self, batch: Any) -> bytes:
        """A batch is read by a walk of its own, which forgets it."""
        walk = Walk(registered_names={})
        found = walk.digest(batch)
        if walk.unread:
            raise Unreadable(f"gives batches with something in them that {walk.unread[0].strip()}")
        return found


def _name_of_code(value: Any) -> str | None:
    """The name of a function or class of the user's that can be imported by it."""
    if not isinstance(value, type | FunctionType) or is_library(getattr(value, "__module__", None)):
        return None
    return address(value)


def _hashed(kind: str, parts: list[bytes]) -> bytes:
    found = hashlib.blake2b(digest_size=_DIGEST_BYTES)
    for part in (kind.encode("utf-8", "surrogatepass"), *parts):
        found.update(len(part).to_bytes(8, "little"))
        found.update(part)
    return found.digest()
