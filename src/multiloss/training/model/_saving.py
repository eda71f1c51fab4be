"""`save` and `save_weights` that never destroy a good file: Keras writes beside it, and one move puts it in place."""

from __future__ import annotations

import contextlib
import errno
import functools
import io
import math
import os
import re
import shutil
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar, cast

import keras

from ..._core.writing import PART, beside, move, replace_bytes, to_disk, told_as
from .._keras_seams import ask_to_overwrite, is_remote_path
from ..backends import written_by_one

# HDF5 ends the whole process where a disk is full, so what it writes goes through memory, up to this size.
_IN_MEMORY = 2 * 1024**3
_SIZES = {"float64": 8, "int64": 8, "uint64": 8, "float16": 2, "bfloat16": 2, "int8": 1, "uint8": 1, "bool": 1}


Method = TypeVar("Method", bound=Callable[..., None])


def _by_one_process(method: Method) -> Method:
    """The method of a model, done by the first of the processes that train it together."""

    @functools.wraps(method)
    def done(model: keras.Model, *args: Any, **kwargs: Any) -> None:
        optimizer = getattr(model, "optimizer", None)
        with written_by_one([*model.variables, *(optimizer.variables if optimizer else ())]) as writes:
            if writes:
                method(model, *args, **kwargs)

    return cast(Method, done)


class SafelySaved(keras.Model):
    """A `keras.Model` whose files appear whole or not at all; of processes that train together the first writes."""

    @_by_one_process
    def save(self, filepath: Any, overwrite: bool = True, zipped: bool | None = None, **kwargs: Any) -> None:
        """As `keras.Model.save`; a file that is there stays good until the new one is whole.

        Not for remote paths, which Keras writes as they are. Into a folder that is there already (`zipped=False`) each
        file is moved by itself. Of several processes that train one model all may call it, and the first alone writes.
        """
        known = str(filepath).endswith((".keras", ".h5", ".hdf5")) if zipped in (None, True) else True
        path = _local(filepath) if known and not (zipped is False and str(filepath).endswith(".keras")) else None
        if path is None:
            super().save(filepath, overwrite=overwrite, zipped=zipped, **kwargs)
        elif _may_write(path, overwrite):
            if str(filepath).endswith((".h5", ".hdf5")):
                path.parent.mkdir(parents=True, exist_ok=True)  # as Keras does for this format
            with _in_one_move(path, _num_bytes(self)) as part:
                super().save(part, overwrite=True, zipped=zipped, **kwargs)

    @_by_one_process
    def save_weights(self, filepath: Any, overwrite: bool = True, max_shard_size: float | None = None) -> None:
        """As `keras.Model.save_weights`; a file that is there stays good until the new one is whole.

        Not for remote paths, which Keras writes as they are. Of sharded weights each file is moved by itself, and their
        index (`.weights.json`) is gone until all of them are in place: old shards are never read with new ones. Of
        several processes that train one model all may call it, and the first alone writes.
        """
        endings = (".weights.h5",) if max_shard_size is None else ("weights.h5", "weights.json")
        path = _local(filepath) if str(filepath).endswith(endings) and self.built else None
        if path is None:
            super().save_weights(filepath, overwrite=overwrite, max_shard_size=max_shard_size)
        elif _may_write(path, overwrite):
            if max_shard_size is not None and path.suffix != ".json":
                path = path.with_suffix(".json")
                warnings.warn(
                    f"Saving sharded weights requires `*.json` as the extension. The original path: {filepath} will be "
                    f"renamed to {path}.",
                    stacklevel=2,
                )
            if max_shard_size is None and _num_bytes(self) <= _IN_MEMORY:
                content = _NamedBytes(path)
                super().save_weights(content, overwrite=True)
                replace_bytes(path, content.getbuffer())
                return
            with _in_one_move(path, _num_bytes(self)) as part:
                super().save_weights(part, overwrite=True, max_shard_size=max_shard_size)


def _local(filepath: Any) -> Path | None:
    """The path; None for what Keras writes by itself: remote places, open files, devices."""
    if not isinstance(filepath, str | os.PathLike) or is_remote_path(filepath):
        return None
    path = Path(filepath)
    if path.is_file() and not os.access(os.path.dirname(os.path.realpath(path)), os.W_OK):
        warnings.warn(f"Its folder takes no new file: {path} is written over, and lost if that fails.", stacklevel=3)
        return None
    return None if path.exists() and not (path.is_file() or path.is_dir()) else path


def _may_write(path: Path, overwrite: bool) -> bool:
    return overwrite or not path.exists() or ask_to_overwrite(str(path))


class _NamedBytes(io.BytesIO):
    """Memory that Keras takes for a file of this name."""

    def __init__(self, path: Path):
        super().__init__()
        self._name = str(path)

    def __str__(self) -> str:
        return self._name


def _num_bytes(model: keras.Model) -> int:
    """What the weights take, the optimizer's among them: a little less than their file."""
    optimizer = getattr(model, "optimizer", None)
    variables = [*model.variables, *(optimizer.variables if optimizer else ())]
    return sum(math.prod(variable.shape) * _SIZES.get(variable.dtype, 4) for variable in variables)


@contextlib.contextmanager
def _in_one_move(path: Path, size: int) -> Iterator[Path]:
    """A path of the same name for Keras to write to; what is there after the block is put in place."""
    with beside(path) as folder:
        if shutil.disk_usage(folder).free < size:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        part = folder / path.name
        with _full_disks_of_hdf5(path):
            yield part
        if part.is_dir() and not path.exists():
            move(part, path)
            return
        files = [file for file in sorted(folder.rglob("*")) if file.is_file()]
        if len(files) > 1 and part.is_file():
            # The index of shards, which comes last.
            files.sort(key=lambda file: file == part)
            for file in files:
                to_disk(file)  # a full disk says so while the old ones are still whole
            path.unlink(missing_ok=True)
        for file in files:
            place = path.parent / file.relative_to(folder)
            place.parent.mkdir(parents=True, exist_ok=True)
            move(file, place)


@contextlib.contextmanager
def _full_disks_of_hdf5(path: Path) -> Iterator[None]:
    """HDF5 tells the system's errors as text, which names the place behind the file."""
    try:
        yield
    except (OSError, RuntimeError) as error:
        number = re.search(r"errno = (\d+)", str(error))
        if number is None or not (isinstance(error, RuntimeError) or PART in str(error)):
            raise
        with told_as(path):
            raise OSError(int(number[1]), "") from error
