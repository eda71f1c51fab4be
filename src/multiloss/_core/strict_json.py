"""JSON that every reader can read: no NaN, no Infinity."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .writing import write_text


def finite(value: Any) -> float | None:
    """The value as a Python float; None where it is missing, NaN or infinite."""
    if value is None:
        return None
    number = float(value)
    return number if math.isfinite(number) else None


def plain(value: Any) -> Any:
    """The value with tuples as lists, NumPy scalars as Python's, and numbers that are not finite as None."""
    if isinstance(value, Mapping):
        return {str(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [plain(entry) for entry in value]
    if value is None or isinstance(value, str | bool | int):
        return value
    return finite(value)


def dumps(value: Any) -> str:
    """Strict JSON text: what is not finite becomes null."""
    return json.dumps(plain(value), indent=2, allow_nan=False, ensure_ascii=False) + "\n"


def write_json(path: Path, value: Any) -> None:
    """Writes strict JSON."""
    write_text(path, dumps(value))
