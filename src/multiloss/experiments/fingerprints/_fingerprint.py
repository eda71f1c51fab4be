"""The digest of a question, part by part, so that it can be said which part has changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ._walk import Walk

_DIGITS = 16


@dataclass(frozen=True)
class Fingerprint:
    """What a result depends on.

    Attributes:
        parts: what a person calls a part, to its digest.
        unread: what could not be read, and why: a result that depends on it must not be believed a second time.
    """

    parts: Mapping[str, str] = field(default_factory=dict)
    unread: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """All parts in one digest."""
        return digest(dict(self.parts))

    def __or__(self, other: Fingerprint) -> Fingerprint:
        """Both together."""
        return Fingerprint({**self.parts, **other.parts}, (*self.unread, *other.unread))

    @property
    def why_not_known(self) -> str:
        """What could not be read, as the end of a sentence, and what helps."""
        return (
            f"what they depend on cannot be read in full: {'; '.join(self.unread)}. An attribute or method "
            "`fingerprint` of such an object, a text that says what it holds, makes it known."
        )

    def changes(self, earlier: Mapping[str, str]) -> list[str]:
        """The parts that differ from those of an earlier result."""
        return [part for part in {**earlier, **self.parts} if earlier.get(part) != self.parts.get(part)]


def fingerprint(parts: Mapping[str, Any]) -> Fingerprint:
    """The fingerprint of values, by the names of the parts that they make up.

    Values count with every byte and at any depth; functions and classes of the user's by their bytecode, their
    constants, what they caught and what they name; those of libraries by name and version. Addresses in memory, the
    order of sets and dicts, line numbers, comments, and names that Keras made up do not count.
    """
    found, unread = {}, []
    for part, value in parts.items():
        walk = Walk()
        try:
            found[part] = walk.digest(value, part).hex()[:_DIGITS]
        except RecursionError:
            found[part] = ""
            walk.unread.append(f"{part} is nested too deeply")
        unread += walk.unread
    return Fingerprint(found, tuple(dict.fromkeys(unread)))


def digest(value: Any) -> str:
    """A short digest of a value that can be read."""
    return Walk().digest(value).hex()[:_DIGITS]
