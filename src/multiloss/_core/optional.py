"""Late imports: an absent extra gives a clear error on use, never on import."""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
from pathlib import Path
from types import ModuleType

_BACKENDS = ("tensorflow", "jax", "torch")


def require(module: str, *, extra: str, purpose: str) -> ModuleType:
    """Imports `module`, or says which extra of multiloss installs it.

    Args:
        module: the module's import name.
        extra: the name of the extra in `pip install 'multiloss[extra]'`.
        purpose: what it is needed for, as in "drawing reports".

    Raises:
        ImportError: when the module is not installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ImportError(
            f"{module!r} is needed for {purpose} and is not installed. Run: pip install 'multiloss[{extra}]'"
        ) from error


def configured_backend() -> str:
    """The backend that `import keras` will choose: `KERAS_BACKEND`, then `keras.json`, then TensorFlow."""
    if name := os.environ.get("KERAS_BACKEND"):
        return name
    home = Path(os.environ.get("KERAS_HOME", Path.home() / ".keras"))
    try:
        return str(json.loads((home / "keras.json").read_text())["backend"])
    except (OSError, ValueError, KeyError, TypeError):
        return "tensorflow"


def missing_backend() -> str | None:
    """Says what to install when Keras's backend is absent; None when it is there."""
    chosen = configured_backend()
    if importlib.util.find_spec(chosen) is not None:
        return None
    installed = [name for name in _BACKENDS if importlib.util.find_spec(name)]
    if installed:
        hint = f"Installed: {', '.join(installed)}. Set the environment variable KERAS_BACKEND={installed[0]}, or run"
    else:
        hint = (
            "No backend is installed. Run, for the smallest, pip install 'multiloss[jax]' and set KERAS_BACKEND=jax, or"
        )
    extra = chosen if chosen in _BACKENDS else "jax"
    return f"Keras's backend is {chosen!r}, which is not installed. {hint} pip install 'multiloss[{extra}]'."
