"""One module for each backend, each with a mixin `BackendSteps` that gives `train_step` and `test_step`.

A module supplies the forward pass without side effects, the pullback (one backward pass for given seeds), the
structural reach of every term, and the commit of a step that was found to be finite.
"""

from __future__ import annotations

import importlib
from typing import Any

import keras


def backend_steps() -> Any:
    """The mixin for the active backend."""
    return importlib.import_module(f"{__name__}.{keras.backend.backend()}").BackendSteps
