"""What every verb makes sure of before it starts long work."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryFile

import keras

from .._core.optional import require
from .._core.startup import quiet_start
from ._mistakes import UserMistake, mistakes_of


def check_report() -> None:
    """Says what a report needs before anything is trained for it."""
    with mistakes_of("", ImportError):
        for module in ("matplotlib", "jinja2"):
            require(module, extra="report", purpose="writing the report")


def check_folder(out: Path) -> None:
    """Refuses a place where nothing can be written, without leaving anything there."""
    received = f"Received: {str(out)!r}"
    try:
        standing = next(place for place in (out, *out.absolute().parents) if place.exists())
        if not standing.is_dir():
            what = "which is a file" if standing == out else f"which lies in the file {str(standing)!r}"
            raise UserMistake(f"--out must be a folder. {received}, {what}.")
        with TemporaryFile(dir=standing):
            pass
    except OSError as error:
        raise UserMistake(f"--out must be a folder that can be written. {received}: {error.strerror}.") from error


def wake_keras() -> None:
    """Lets the backend greet now: Keras wakes TensorFlow, where it is installed, to seed it."""
    with quiet_start():
        keras.utils.set_random_seed(0)
