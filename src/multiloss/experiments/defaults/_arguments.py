"""Arguments that `compare` and `tune` have in common."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..._core.errors import invalid


def check_integer(name: str, value: Any, least: int) -> None:
    """Refuses all but integers of at least `least`."""
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise invalid(f"`{name}` must be an integer of at least {least}", received=value)


@dataclass(frozen=True)
class Reporter:
    """Hands progress on, and prints what is news on standard error.

    Attributes:
        on_progress: called with all progress; None for nobody.
        verbose: 0 prints nothing.
    """

    on_progress: Callable[[Any], None] | None
    verbose: int

    def __call__(self, progress: Any) -> None:
        """Takes one piece of progress, which says with `is_news` whether it is worth a line."""
        if self.on_progress is not None:
            self.on_progress(progress)
        if self.verbose and progress.is_news:
            print(progress, file=sys.stderr, flush=True)
