"""Names of the user's as parts of file names: safe on every system, and never the same for two names."""

from __future__ import annotations

import hashlib
import re

# What every file system keeps apart and no shell or system gives a meaning.
_PLAIN = re.compile(r"[a-z0-9]+([_-][a-z0-9]+)*")
_LONGEST = 60
_DIGITS = 8


def file_part(name: str) -> str:
    """The name itself where it is plain; else what is plain of it and a digest of the whole.

    The part must stand before something else, such as a seed: alone it could be a name that Windows keeps for itself.

    Example:
        >>> file_part("pcgrad"), file_part("../a b")
        ('pcgrad', 'a-b-2c2c791a')
    """
    if len(name) <= _LONGEST and _PLAIN.fullmatch(name):
        return name
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGITS]
    plain = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:_LONGEST].strip("-")
    return f"{plain}-{digest}" if plain else digest
