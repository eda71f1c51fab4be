"""Weights are taken from a file that is whole: it is looked at before anything of it is believed."""

from __future__ import annotations

import contextlib
import os
from typing import Any

import keras

from ..._core.damage import DamagedFileError, check_archive, damaged
from .._keras_seams import weights_file
from ._seal import check_sealed_file


class CheckedWhenLoaded(keras.Model):
    """A `keras.Model` that takes no weights from a damaged file."""

    def load_weights(self, filepath: Any, skip_mismatch: bool = False, **kwargs: Any) -> None:
        """As `keras.Model.load_weights`; of a damaged file nothing is taken.

        Raises:
            DamagedFileError: naming the file, which was cut off or changed after it was written.
        """
        check_file(filepath)
        super().load_weights(filepath, skip_mismatch=skip_mismatch, **kwargs)


def check_file(path: Any) -> None:
    """Refuses a damaged `.keras` or `.weights.h5`; what else there is, and what is not there, is Keras's affair.

    Raises:
        DamagedFileError: naming the path.
    """
    if not isinstance(path, str | os.PathLike) or not os.path.isfile(path):
        return
    try:
        if str(path).endswith(".keras"):
            check_archive(path)
        elif str(path).endswith(".weights.h5"):
            with contextlib.closing(weights_file(path)) as store:
                check_sealed_file(store.h5_file, path)
    except (DamagedFileError, PermissionError):
        raise
    except Exception as error:  # a damaged archive fails in a dozen ways
        raise damaged(path, error) from None
