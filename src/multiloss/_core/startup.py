"""A quiet start for the command line: the backends greet on standard error before anything can be set."""

from __future__ import annotations

import itertools
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PROGRAM = "multiloss"


def started_as_command() -> bool:
    """Whether this process is `multiloss ...` or `python -m multiloss ...`, and not a program that imports it."""
    options = sys.orig_argv[1:]
    as_module = any(option == "-m" and name == PROGRAM for option, name in itertools.pairwise(options))
    return as_module or Path(sys.argv[0] if sys.argv else "").stem == PROGRAM


@contextmanager
def quiet_start() -> Iterator[None]:
    """Swallows what is written to standard error inside, also by compiled code; shows it when the start fails.

    Does nothing in a program that only imports multiloss, and leaves what the user has set.
    """
    if not started_as_command():
        yield
        return
    # What TensorFlow's compiled code logs later; what goes wrong there also comes as a Python exception.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as swallowed:
        os.dup2(swallowed.fileno(), 2)
        try:
            yield
        except BaseException:
            sys.stderr.flush()
            swallowed.seek(0)
            os.write(kept, swallowed.read())
            raise
        finally:
            sys.stderr.flush()
            os.dup2(kept, 2)
            os.close(kept)
