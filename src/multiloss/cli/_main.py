"""The entry point: says in one line what is missing, before anything heavy is touched."""

from __future__ import annotations

import io
import os
import sys
from typing import NoReturn

from .._core.optional import missing_backend, require
from ._mistakes import STOPPED, USER_MISTAKE, complain


def main() -> NoReturn:
    """Runs the command line and exits: 0 done, 2 the user's mistake, 1 a defect of multiloss, 130 stopped."""
    try:
        for module in ("typer", "rich"):
            require(module, extra="cli", purpose="the command line")
    except ImportError as error:
        complain(str(error))
        sys.exit(USER_MISTAKE)
    if (missing := missing_backend()) is not None:
        complain(missing)
        sys.exit(USER_MISTAKE)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # Arrows and minus signs must not end a long run on a terminal of few characters.
            stream.reconfigure(errors="replace")
    from ._app import run

    code = run(sys.argv[1:])
    if code == STOPPED:
        # Interrupted amid compiled code or in another thread, JAX and PyTorch crash when the interpreter is taken down.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)
