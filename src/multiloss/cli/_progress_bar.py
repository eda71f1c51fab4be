"""A progress bar on standard error, with the time that is left."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from ..experiments import CompareProgress

# Of what is going on; of all that is to be done; how much of it is done; a line worth keeping, or None.
Show = Callable[[str, float, float, str | None], None]
# Seconds of the past that the estimate of the time left rests on: runs differ in speed.
_MEMORY = 600.0


@contextmanager
def bar(console: Console) -> Iterator[Show]:
    """Gives what long work reports to: on a terminal a bar below the lines worth keeping, elsewhere the lines alone."""
    if not console.is_terminal:
        yield lambda doing, total, done, line: _print(console, line)
        return
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Bar(*columns, console=console, transient=True, speed_estimate_period=_MEMORY) as displayed:
        task = displayed.add_task("starting", total=None)

        def show(doing: str, total: float, done: float, line: str | None) -> None:
            displayed.update(task, description=doing, total=total, completed=done)
            _print(console, line)

        yield show


@contextmanager
def progress_bar(console: Console) -> Iterator[Callable[[CompareProgress], None]]:
    """Gives what `compare` reports to."""
    with bar(console) as show:

        def report(progress: CompareProgress) -> None:
            doing = f"{progress.balancer}, seed {progress.seed} ({progress.run}/{progress.num_runs})"
            show(
                doing if progress.balancer else "starting",
                progress.num_runs,
                max(progress.run - 1, 0) + progress.done,
                str(progress) if progress.is_news else None,
            )

        yield report


def _print(console: Console, line: str | None) -> None:
    if line is not None:
        console.print(line, markup=False, highlight=False, soft_wrap=True)
