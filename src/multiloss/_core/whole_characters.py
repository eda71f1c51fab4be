"""Names that no file, database or picture takes: they hold half a character, as those of misread files do."""

from __future__ import annotations

import re

from .errors import invalid

_HALF = re.compile("[\ud800-\udfff]")


def check_whole(what: str, name: str) -> None:
    """Refuses a name with half a character before anything is trained under it.

    Args:
        what: whose name it is, at the begin of a sentence.
        name: the name.

    Raises:
        ValueError: with the half character as its escape.
    """
    if _HALF.search(name):
        raise invalid(
            f"{what} must be text that can be written to a file",
            received=ascii(name),
            fix="Write another sign for the half character, which comes of text read in the wrong encoding.",
        )
