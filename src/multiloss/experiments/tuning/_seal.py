"""Checksums of what a study and its trials say, beside which Optuna keeps none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..._core.damage import checksum
from ..._core.errors import invalid

SETTINGS, SPANS, READY = "multiloss:settings", "multiloss:ranges", "multiloss:ready"


def seal(*content: Any) -> str:
    """A checksum of plain data."""
    return checksum(content)


def check_settings_seal(name: str, attributes: Mapping[str, Any]) -> bool:
    """Refuses a study whose name, settings or ranges are not those that it was made with; whether it has a seal."""
    found = attributes.get(READY)
    if not isinstance(found, str):
        return False
    if found != seal(name, attributes[SETTINGS], attributes[SPANS]):
        raise invalid("A study must have the name and the settings that it was made with", received="others")
    return True
