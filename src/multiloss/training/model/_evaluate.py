"""What is checked around an evaluation: scales that are not known before it, labels and weights after it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from ._calibration import warn_of_unknown


@contextlib.contextmanager
def checked_evaluation(trainer: Any) -> Iterator[None]:
    """Warns of scales that are not known; afterwards refuses labels and weights that cannot be."""
    if trainer.program is not None:
        warn_of_unknown(trainer)
    yield
    trainer.program.guard.raise_if_faulty(trainer)
