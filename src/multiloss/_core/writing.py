"""Files that appear whole or not at all: the only place that writes any.

What is new is written into a folder of its own beside its place, handed to the disk, and put in place in one move. A
reader, a process that is killed, and a machine that loses its power find the old file or the new one, never a part.
"""

from __future__ import annotations

import contextlib
import errno
import os
import platform
import re
import shutil
import stat
import tempfile
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

PART = ".part-"
# Seconds after which what another machine began is taken for left behind.
_LONG = 24 * 3600.0
# Some file systems cannot be told to hand a file to the disk.
_CANNOT_SYNC = (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP)


def write_bytes(path: Path, content: bytes) -> None:
    """Writes a file; its folder is made when it is not there.

    Raises:
        OSError: with the path that was asked for; what stood there still stands.
    """
    with told_as(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    replace_bytes(path, content)


def replace_bytes(path: Path, content: bytes | memoryview) -> None:
    """Writes a file in a folder that is there; otherwise as `write_bytes`."""
    with beside(path) as folder:
        part = folder / path.name
        with open(part, "xb") as file:
            file.write(content)
        move(part, path)


def write_text(path: Path, text: str) -> None:
    """Writes a file of text; see `write_bytes`. Half a character, as in names of broken files, stands as its escape."""
    write_bytes(path, text.encode("utf-8", "backslashreplace"))


@contextlib.contextmanager
def beside(path: Path) -> Iterator[Path]:
    """A folder beside a file, on the same disk, for what shall be moved into the file's place; gone after the block.

    Folders that processes left behind which are no more are removed.

    Raises:
        OSError: with the path that was asked for, also for what the block cannot write in the folder.
    """
    with told_as(path):
        target = _behind_links(path)
        if target.exists() and not os.access(target, os.W_OK):
            raise OSError(errno.EACCES, os.strerror(errno.EACCES))
        _sweep(target.parent)
        folder = Path(tempfile.mkdtemp(prefix=f"{PART}{_HERE}-{os.getpid()}-", dir=target.parent))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def move(part: Path, path: Path) -> None:
    """Puts a file, or a folder whose place is free, in place in one move; a file keeps the rights of the one before."""
    target = _behind_links(path)
    for file in sorted(part.rglob("*")) if part.is_dir() else [part]:
        to_disk(file)
    if part.is_file() and target.is_file():
        os.chmod(part, stat.S_IMODE(target.stat().st_mode))
    os.replace(part, target)
    # The move itself: not every system lets a folder be opened.
    with contextlib.suppress(OSError):
        to_disk(target.parent)


@contextlib.contextmanager
def told_as(path: Path) -> Iterator[None]:
    """Errors of the system within the block name `path`, not the places that lie behind it."""
    try:
        yield
    except OSError as error:
        named = error.filename
        ours = (path, *path.parents, *Path(os.path.realpath(path)).parents)
        foreign = isinstance(named, str) and PART not in named and Path(named) not in ours
        if error.errno is None or foreign:
            raise
        raise OSError(error.errno, os.strerror(error.errno), str(path)) from error


def _behind_links(path: Path) -> Path:
    """The file itself, where `path` is a link to it, which stays a link."""
    target = Path(os.path.realpath(path))
    if target.is_symlink():
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
    return target


def to_disk(path: Path) -> None:
    """Hands a file, or the names in a folder, to the disk."""
    descriptor = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR | getattr(os, "O_BINARY", 0))
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _CANNOT_SYNC:
            raise
    finally:
        os.close(descriptor)


def _sweep(folder: Path) -> None:
    """Removes what processes left that were killed while they wrote here; once in each process and folder."""
    key = (os.getpid(), str(folder))
    if key in _SWEPT:
        return
    _SWEPT.add(key)
    for entry in os.scandir(folder):
        if re.match(rf"{re.escape(PART)}\w+-\d+-", entry.name) and _is_left(entry):
            shutil.rmtree(entry.path, ignore_errors=True)


def _is_left(entry: os.DirEntry[str]) -> bool:
    here, process = entry.name.removeprefix(PART).split("-")[:2]
    # On Windows there is no harmless question whether a process lives.
    if here == _HERE and os.name == "posix":
        with contextlib.suppress(PermissionError):  # it lives, and is somebody else's
            try:
                os.kill(int(process), 0)
            except ProcessLookupError:
                return True
    with contextlib.suppress(OSError):
        return time.time() - entry.stat().st_mtime > _LONG
    return False


def _numbering() -> str:
    """Where numbers of processes mean the same: the machine, and on Linux the container."""
    try:
        container = os.readlink("/proc/self/ns/pid")
    except OSError:
        container = ""
    return f"{zlib.crc32(f'{platform.node()} {container}'.encode()):08x}"


_HERE = _numbering()
_SWEPT: set[tuple[int, str]] = set()
