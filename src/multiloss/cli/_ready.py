"""What every verb makes sure of before it starts long work."""

from __future__ import annotations

import keras

from .._core.optional import require
from .._core.startup import quiet_start
from ._mistakes import mistakes_of


def check_report() -> None:
    """Says what a report needs before anything is trained for it."""
    with mistakes_of("", ImportError):
        for module in ("matplotlib", "jinja2"):
            require(module, extra="report", purpose="writing the report")


def wake_keras() -> None:
    """Lets the backend greet now: Keras wakes TensorFlow, where it is installed, to seed it."""
    with quiet_start():
        keras.utils.set_random_seed(0)
