"""A progress bar over all runs, on standard error, with the time that is left."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from ..experiments import Progress


@contextmanager
def progress_bar(console: Console) -> Iterator[Callable[[Progress], None]]:
    """Gives what `compare` reports to: a bar on a terminal, a line for each run elsewhere."""
    if not console.is_terminal:
        yield lambda progress: _line(console, progress)
        return
    with Bar(
        TextColumn("[bold]{task.description}"),
        BarColumn(),
        TextColumn("epochs"),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        console=console,
        transient=True,
    ) as bar:
        task = bar.add_task("starting", total=None)

        def show(progress: Progress) -> None:
            bar.update(
                task,
                description=f"{progress.balancer}, seed {progress.seed} ({progress.run}/{progress.num_runs})",
                total=progress.num_runs * progress.epochs,
                completed=(progress.run - 1) * progress.epochs + progress.epoch,
            )
            _line(console, progress)

        yield show


def _line(console: Console, progress: Progress) -> None:
    if progress.result is not None:
        console.print(str(progress), markup=False, highlight=False, soft_wrap=True)
