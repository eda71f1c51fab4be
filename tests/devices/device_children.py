"""Children that train at the same time, as processes that belong together do."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import Any

# `make devices` trains everything.
ALL = os.environ.get("DEVICES") == "all"


def run_children(command: Sequence[Any], environments: Sequence[Mapping[str, str]]) -> list[int]:
    """Runs a Python program once in each environment, at the same time, and gives the exit codes."""
    with ExitStack() as stack:
        children = [
            stack.enter_context(subprocess.Popen([sys.executable, *command], env=each, stdout=subprocess.DEVNULL))
            for each in environments
        ]
        try:
            return [child.wait(timeout=7200 if ALL else 600) for child in children]
        finally:
            for child in children:
                child.kill()  # one that waits for another that is no more
