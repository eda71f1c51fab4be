"""What every verb makes sure of before it starts long work."""

from __future__ import annotations

from pathlib import Path

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
    """Refuses a file in the place of the folder."""
    if out.exists() and not out.is_dir():
        raise UserMistake(f"--out must be a folder. Received: {str(out)!r}, which is a file.")


def wake_keras() -> None:
    """Lets the backend greet now: Keras wakes TensorFlow, where it is installed, to seed it."""
    with quiet_start():
        keras.utils.set_random_seed(0)
