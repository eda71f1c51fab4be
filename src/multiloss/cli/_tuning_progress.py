"""The progress of a search: a bar over its trials, then over the runs that confirm the result."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console

from .._core.wording import number
from ..experiments.tuning import TuningProgress
from ._progress_bar import bar


@contextmanager
def tuning_progress(console: Console) -> Iterator[Callable[[Any], None]]:
    """Gives what `tune` reports to."""
    with bar(console) as show:

        def report(progress: Any) -> None:
            line = str(progress)
            if isinstance(progress, TuningProgress):
                ended = progress.result is not None
                done = progress.done + (0.0 if ended else progress.epoch / progress.epochs)
                best = "" if progress.best is None else f", best {number(progress.best, 4)}"
                doing = "starting" if progress.note else f"trial {progress.trial} of {progress.trials}{best}"
                show(doing, progress.trials, min(done, progress.trials), line if progress.is_news else None)
            else:
                doing = f"confirming: {progress.balancer}, seed {progress.seed}"
                done = max(progress.run - 1, 0) + progress.done
                show(doing, progress.num_runs, done, f"confirming {line}" if progress.is_news else None)

        yield report
