"""Every array of the data, with its place as the user would write it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import keras


def leaves(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Every array with its place as one would write it; a list without any array is a leaf, which nobody can read."""
    if isinstance(value, Mapping):
        for key, entry in value.items():
            yield from leaves(f"{path}[{key!r}]", entry)
    elif isinstance(value, list | tuple) and any(hasattr(leaf, "shape") for leaf in keras.tree.flatten(value)):
        for index, entry in enumerate(value):
            yield from leaves(f"{path}[{index}]", entry)
    elif value is not None:
        yield path, value
