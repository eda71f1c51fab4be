"""Several processes on one folder: what one of them is at, the others do not begin."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TypeVar

from ..._core.optional import require

Job = TypeVar("Job")
# Seconds between two looks at what the other processes do.
_PAUSE = 0.2


class Locks:
    """Locks by name, as files in a folder; the system frees those of a process that is no more.

    Args:
        folder: where they are; without one, nobody shares the work.

    Raises:
        ImportError: with a folder, and without the extra "compare".
    """

    def __init__(self, folder: Path | None):
        self.folder = folder
        if folder is not None:
            self._filelock = require("filelock", extra="compare", purpose="keeping runs in a folder")

    @contextlib.contextmanager
    def claim(self, name: str) -> Iterator[bool]:
        """Whether the lock is held within the block: False where another process holds it."""
        if self.folder is None:
            yield True
            return
        lock = self._filelock.FileLock(self.folder / f".{name}.lock")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            lock.acquire(timeout=0)
        except self._filelock.Timeout:
            yield False
            return
        except (OSError, NotImplementedError):
            pass  # a full disk, or a file system without locks: the work is worth more than that nobody does it twice
        try:
            yield True
        finally:
            lock.release()

    @contextlib.contextmanager
    def wait_for(self, name: str, say: Callable[[], None]) -> Iterator[None]:
        """Holds the lock within the block; calls `say` once where it has to be waited for."""
        told = False
        while True:
            with self.claim(name) as mine:
                if mine:
                    yield
                    return
            if not told:
                say()
            told = True
            time.sleep(_PAUSE)

    def share(
        self,
        jobs: Iterable[Job],
        name: Callable[[Job], str],
        ready: Callable[[Job], bool],
        say: Callable[[], None],
    ) -> Iterator[tuple[Job, bool]]:
        """Gives the jobs in their order, each with its lock held; those that other processes are at come last.

        Args:
            jobs: all that is to be done.
            name: of a job's lock.
            ready: whether a job can be done now; asked again after every other job.
            say: called once where nothing is left but to wait.

        Yields:
            A job, and whether another process was at it meanwhile.
        """
        waiting, elsewhere, told = list(jobs), set(), False
        while waiting:
            before = len(waiting)
            for job in list(waiting):
                if not ready(job):
                    continue
                with self.claim(name(job)) as mine:
                    if mine:
                        waiting.remove(job)
                        yield job, job in elsewhere
                    else:
                        elsewhere.add(job)
            if len(waiting) == before:
                if not told:
                    say()
                told = True
                time.sleep(_PAUSE)
