"""The arguments that a family shares, described once and shown in the docstring of each of its members."""

from __future__ import annotations

import inspect
import re

from .configured import parameters

_ENTRY = re.compile(r"^    (\w+):")


def describe_common_arguments(cls: type, base: type) -> None:
    """Adds to the docstring of a class what it leaves to that of its base: the text of the arguments they share."""
    text, common = vars(cls).get("__doc__"), inspect.getdoc(base)
    if text is None or common is None:  # python -OO
        return
    lines = inspect.cleandoc(text).split("\n")
    start, end = _section(lines)
    own = _entries(lines[start:end])
    shared = _entries(common.split("\n")[slice(*_section(common.split("\n")))])
    added = [
        line for name, described in shared.items() if name not in own and name in parameters(cls) for line in described
    ]
    if start == end:
        added = ["Args:", *added, ""]
    cls.__doc__ = "\n".join([*lines[:end], *added, *lines[end:]])


def _section(lines: list[str]) -> tuple[int, int]:
    """Where the entries of `Args:` begin and end; where they would stand, in a docstring without them."""
    if "Args:" in lines:
        start = lines.index("Args:") + 1
        length = next((at for at, line in enumerate(lines[start:]) if not line.startswith("    ")), len(lines) - start)
        return start, start + length
    later = ("Attributes:", "Returns:", "Raises:", "Example:", "Differs ", "Reference")
    place = next((at for at, line in enumerate(lines) if line.startswith(later)), len(lines))
    return place, place


def _entries(lines: list[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in lines:
        if (match := _ENTRY.match(line)) is not None:
            found[match.group(1)] = []
        if found:
            found[list(found)[-1]].append(line)
    return found
