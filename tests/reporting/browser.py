"""Reports in a real browser: headless Chromium, looked at from within and as a picture."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
BROWSER = next((path for name in NAMES if (path := shutil.which(name))), None)
needs_browser = pytest.mark.skipif(BROWSER is None, reason=f"no browser is installed: {', '.join(NAMES)}")

_OPTIONS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--hide-scrollbars",
    "--virtual-time-budget=4000",
    "--host-resolver-rules=MAP * ~NOTFOUND",
)
_DARK = ("--force-dark-mode", "--blink-settings=preferredColorScheme=0")
_LOOK = f"<script>{(Path(__file__).parent / 'look.js').read_text(encoding='utf-8')}</script>"


@dataclass(frozen=True)
class Sight:
    """What a browser says of a page once it is loaded and every column's head was clicked twice.

    Attributes:
        text: all that is to be read.
        images: natural and shown width and alternative text of each.
        sorted: for each sortable table and column the values after one click and after two.
        refused: what the page wanted to load and was not allowed to.
        requests: what it did load.
        errors: of its scripts.
        dark: for each picture whether another than the light one is shown.
        width: of the page.
        view: of the window.
        ground: colour behind the text.
        ink: colour of the text.
    """

    text: str
    images: list[dict]
    sorted: list[list[dict]]
    refused: list[str]
    requests: list[str]
    errors: list[str]
    dark: list[bool]
    width: int
    view: int
    ground: str
    ink: str


def look(report: Path, *, width: int = 1200, dark: bool = False) -> Sight:
    """Loads a report in a browser and asks it what it sees."""
    page = report.read_text(encoding="utf-8").replace("<head>", f"<head>{_LOOK}")
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy.html"
        copy.write_text(page, encoding="utf-8")
        found = _start(copy, f"--window-size={width},1000", "--dump-dom", dark=dark)
    title = re.search(r"<title>(.*?)</title>", found, re.DOTALL)
    return Sight(**json.loads(html.unescape(title[1])))


def picture(report: Path, *, width: int = 1200, height: int = 2400, dark: bool = False) -> np.ndarray:
    """A screenshot, shape `(height, width, channels)`, from 0 to 1."""
    from matplotlib.image import imread

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "shot.png"
        _start(report, f"--window-size={width},{height}", f"--screenshot={path}", dark=dark)
        return imread(path)


def check(report: Path) -> Sight:
    """What every report has to be: drawn, readable, complete, sortable, the same in the dark, and without a network.

    Returns:
        The page on light ground, for what this report has to say in particular.
    """
    sights = []
    for options in ({}, {"dark": True}, {"width": 480}):
        sight = look(report, **options)
        sights.append(sight)
        assert sight.errors == sight.refused == sight.requests == []
        assert all(image["width"] > 100 and 0 < image["shown"] <= sight.view for image in sight.images)
        assert all(len(image["alt"]) > 40 for image in sight.images)
        assert sight.width <= sight.view, "the page is wider than the window"
        _check_sorting(sight)
    light, dark, _ = sights
    assert light.text == dark.text
    assert not any(light.dark)
    assert all(dark.dark)
    assert _brightness(light.ground) > 0.9 > 0.3 > _brightness(light.ink)
    assert _brightness(dark.ground) < 0.2 < 0.7 < _brightness(dark.ink)
    for shot, bright in ((picture(report), True), (picture(report, dark=True), False)):
        grey = shot[..., :3].mean(axis=-1)
        assert len(np.unique(np.round(grey, 2))) > 20, "the page is blank"
        assert (np.median(grey) > 0.9) == bright
        # Text and pictures all the way down, not in a corner alone.
        assert all(np.ptp(part) > 0.5 for part in np.array_split(grey, 6))
    return light


def _check_sorting(sight: Sight) -> None:
    for column in (column for table in sight.sorted for column in table):
        assert (column["upMark"], column["downMark"]) == ("ascending", "descending")
        up, down = ([value for value in column[way] if value != ""] for way in ("up", "down"))
        if column["number"]:
            assert [float(value) for value in up] == sorted(float(value) for value in up)
            assert [float(value) for value in down] == sorted((float(value) for value in down), reverse=True)
        assert sorted(up) == sorted(down)


def _start(page: Path, *options: str, dark: bool) -> str:
    with tempfile.TemporaryDirectory() as profile:
        settings = (*_OPTIONS, *(_DARK if dark else ()), f"--user-data-dir={profile}", *options)
        done = subprocess.run(
            [BROWSER, *settings, page.resolve().as_uri()],
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )
    return done.stdout


def _brightness(colour: str) -> float:
    return sum(map(float, re.findall(r"[\d.]+", colour)[:3])) / 765
