"""What is done to files here, how often, and what came of it: the counts that the page of promises quotes."""

from __future__ import annotations

import builtins
import collections
import contextlib
import errno
import os
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from multiloss._core import writing


@dataclass
class Counts:
    """Faults by kind of file: `print` shows a table, and nothing may be lost."""

    fault: str
    injected: collections.Counter = field(default_factory=collections.Counter)
    lost: list[str] = field(default_factory=list)

    def add(self, kind: str, survived: bool, what: object = "") -> None:
        self.injected[kind] += 1
        if not survived:
            self.lost.append(f"{kind}: {what}")

    def check(self) -> None:
        """Prints a line for each kind of file, and fails for what was lost."""
        for kind, count in self.injected.items():
            gone = sum(entry.startswith(f"{kind}: ") for entry in self.lost)
            print(f"| {self.fault} | {kind} | {count} | {count - gone} | {gone} |")
        assert not self.lost, self.lost[:5]


class FullDisk:
    """A disk that has no room at the n-th thing that the writer asks of it.

    Args:
        monkeypatch: pytest's.
        number: of the step that fails, from 0; None counts them alone.
        code: of the system's error.
    """

    def __init__(self, monkeypatch, number: int | None, code: int = errno.ENOSPC):
        self.number = number
        self.code = code
        self.steps = 0
        for owner, name in ((os, "fsync"), (os, "replace"), (tempfile, "mkdtemp")):
            monkeypatch.setattr(owner, name, self._failing(getattr(owner, name)))
        monkeypatch.setattr(writing, "open", self._open, raising=False)

    def step(self) -> None:
        self.steps += 1
        if self.number is not None and self.steps > self.number:
            raise OSError(self.code, os.strerror(self.code))

    def _failing(self, usual):
        def call(*arguments, **options):
            self.step()
            return usual(*arguments, **options)

        return call

    @contextlib.contextmanager
    def _open(self, *arguments):
        self.step()
        with builtins.open(*arguments) as file:
            yield _HalfWritten(file, self)


class _HalfWritten:
    """A file that takes a half of what is written where the disk is full."""

    def __init__(self, file, disk):
        self.file = file
        self.disk = disk

    def write(self, content):
        half = len(content) // 2
        self.file.write(content[:half])
        self.file.flush()
        self.disk.step()
        self.file.write(content[half:])


def content_of(folder: Path) -> dict[str, bytes]:
    """Every file of a folder, those that are not finished among them."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.endswith(".lock")
    }
