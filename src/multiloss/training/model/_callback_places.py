"""Where callbacks of Keras will write, looked at before a training: they open their files after an epoch."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import keras

from ..._core.places import check_file, check_folder
from .._keras_seams import is_remote_path


def check_places(callbacks: Iterable[Any]) -> None:
    """Refuses places where nothing could be written; folders that are missing are made by the callbacks.

    Args:
        callbacks: of `fit`. `CSVLogger` opens its file before the first step, by itself.

    Raises:
        ValueError: with the callback and the path that it was given.
    """
    for each in callbacks:
        if isinstance(each, keras.callbacks.ModelCheckpoint) and not is_remote_path(each.filepath):
            _check_checkpoint(str(each.filepath))
        elif isinstance(each, keras.callbacks.BackupAndRestore) and not is_remote_path(each.backup_dir):
            check_folder("`backup_dir` of BackupAndRestore", each.backup_dir)


def _check_checkpoint(given: str) -> None:
    argument, path = "`filepath` of ModelCheckpoint", Path(given)
    if path.is_file():
        check_file(argument, path, given, alone=True)
    elif "{" in given:
        # What stands before the first folder or file with a number in its name.
        check_folder(f"The folder of {argument}", next(place for place in path.parents if "{" not in str(place)))
    else:
        check_file(argument, path, given)
