"""The generators outside of any backend, from which some layers draw: Python's and NumPy's."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Iterator

import numpy as np


@contextlib.contextmanager
def same_draws() -> Iterator[None]:
    """Leaves these generators as they were.

    A layer such as `AugMix` draws while it is traced: a trace more than plain Keras makes must not change what the next
    one draws, and a second trace of one step must draw the same.
    """
    drawn, drawn_by_numpy = random.getstate(), np.random.get_state()
    try:
        yield
    finally:
        random.setstate(drawn)
        np.random.set_state(drawn_by_numpy)
