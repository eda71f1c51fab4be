"""Puts a report into its folder: the page, and its pictures once more as files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from .._core.writing import write_text
from ._pictures import Picture

REPORT = "report.html"
PICTURES = "pictures"
PARTS = (REPORT, PICTURES)


def publish(folder: Path, page: str, pictures: Sequence[Picture]) -> Path:
    """Writes the page and the pictures; gives the page's path."""
    for picture in pictures:
        picture.save(folder / PICTURES)
    path = folder / REPORT
    write_text(path, page)
    return path
