"""The error recipe: what was expected, what was received, how to fix it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def invalid(what: str, *, received: object, fix: str = "") -> ValueError:
    """Builds a `ValueError` in one shape: what is expected, what came, and the fix.

    Args:
        what: a sentence that says what was expected, naming the term or argument.
        received: the offending value.
        fix: what to write instead.
    """
    shown = received if isinstance(received, str) else repr(received)
    message = f"{what.rstrip('.')}. Received: {shown}."
    return ValueError(f"{message} {fix}".rstrip())


def cannot_write(error: OSError) -> str:
    """One sentence for a file that the system does not let be written."""
    place = f" {str(error.filename)!r}" if error.filename else ""
    return f"Cannot write{place}: {error.strerror or error}."


def unknown_name(
    kind: str, name: object, known: Iterable[str], fix: str = "", *, aliases: Iterable[str] = ()
) -> ValueError:
    """Builds the error for a name that nobody knows: quotes it, lists the known ones, guesses the meant one.

    Args:
        kind: what it would be the name of.
        name: the name.
        known: the names that there are.
        fix: what to write instead.
        aliases: names that are known too, and guessed, but not listed.
    """
    names = [str(entry) for entry in known]
    close = difflib.get_close_matches(str(name), [*names, *aliases], n=1)
    guess = f" Did you mean {close[0]!r}?" if close else ""
    return ValueError(f"Unknown {kind} {name!r}.{guess} Known: {', '.join(names) or '(none)'}. {fix}".rstrip())
