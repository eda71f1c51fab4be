"""A picture of a report: on light and on dark ground, with what it shows in words."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .._core.writing import write_bytes
from ._canvas import as_png
from ._theme import DARK, LIGHT, Theme


@dataclass(frozen=True)
class Picture:
    """One picture on light and on dark ground.

    Attributes:
        name: the file's name without its ending.
        title: above it.
        caption: how to read it.
        light: PNG bytes.
        dark: PNG bytes.
    """

    name: str
    title: str
    caption: str
    light: bytes
    dark: bytes

    @property
    def light_url(self) -> str:
        """The picture as a `data:` address."""
        return _url(self.light)

    @property
    def dark_url(self) -> str:
        """The picture on dark ground as a `data:` address."""
        return _url(self.dark)

    def save(self, folder: Path) -> Path:
        """Writes the light one as a file."""
        path = folder / f"{self.name}.png"
        write_bytes(path, self.light)
        return path


def draw(name: str, title: str, caption: str, figure_on: Callable[[Theme], Any]) -> Picture | None:
    """Draws a figure twice, on light and on dark ground.

    Args:
        name: the file's name without its ending.
        title: above the picture.
        caption: how to read it.
        figure_on: makes the figure on a theme; None where there is nothing to show.

    Returns:
        The picture; None where there is nothing to show.
    """
    light = figure_on(LIGHT)
    return None if light is None else Picture(name, title, caption, as_png(light), as_png(figure_on(DARK)))


def _url(png: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(png).decode("ascii")
