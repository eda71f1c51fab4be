"""`load`: a trainer from its file."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import keras

from ..._core.errors import invalid
from ._checked import check_file
from ._model import MultiLossModel


def load(
    path: str | os.PathLike[str],
    *,
    custom_objects: Mapping[str, Any] | None = None,
    compile: bool = True,
    safe_mode: bool = True,
) -> MultiLossModel:
    """Loads what `trainer.save` wrote, to go on as if never stopped.

    `keras.saving.load_model` gives the same trainer. What is damaged it refuses too, but in words of its own: of a file
    that was cut off it says that it does not exist.

    Args:
        path: a file `NAME.keras`.
        custom_objects: functions and classes by name, where they are not registered.
        compile: whether to compile, as when it was saved.
        safe_mode: whether to refuse what would run code of the file, as Keras does.

    Returns:
        The trainer, with its optimizer, balancer, scales and seeds.

    Raises:
        DamagedFileError: naming the file, which was cut off or changed after it was written.
        ValueError: for a file that holds another model.

    Example:
        >>> import keras, tempfile, multiloss as ml
        >>> x = keras.Input((4,))
        >>> model = keras.Model(x, {"a": keras.layers.Dense(1)(x), "b": keras.layers.Dense(1)(x)})
        >>> path = tempfile.mkdtemp() + "/run.keras"
        >>> ml.compile(model, "adam", loss={"a": "mse", "b": "mae"}, balancer="uncertainty").save(path)
        >>> list(ml.load(path).terms)
        ['a', 'b']
    """
    if not os.path.exists(path):
        raise FileNotFoundError(f"There is no file {str(path)!r}.")
    check_file(path)
    loaded = keras.saving.load_model(path, custom_objects=custom_objects, compile=compile, safe_mode=safe_mode)
    if not isinstance(loaded, MultiLossModel):
        raise invalid(
            f"The file {str(path)!r} must hold a trainer, as `trainer.save` writes it",
            received=type(loaded).__name__,
            fix="Load a plain model by keras.saving.load_model.",
        )
    return loaded
