"""The pictures of a report, in their order, each with what it shows in words."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..experiments import Comparison
from ._canvas import as_png
from ._change_bars import draw_changes
from ._loss_curves import draw_loss_curves
from ._sample_pictures import draw_pictures
from ._sample_plots import draw_scatter
from ._theme import DARK, LIGHT, Theme
from ._weight_curves import draw_weights

Draw = Callable[[Comparison, Theme], Any]


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
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{self.name}.png"
        path.write_bytes(self.light)
        return path


def draw_all(comparison: Comparison) -> list[Picture]:
    """Every picture that the comparison has something to show for."""
    drawn = (_picture(comparison, name, title, caption, draw) for name, title, caption, draw in _PICTURES)
    return [picture for picture in drawn if picture is not None]


def _picture(comparison: Comparison, name: str, title: str, caption: str, draw: Draw) -> Picture | None:
    light = draw(comparison, LIGHT)
    if light is None:
        return None
    caption = caption.format(baseline=comparison.baseline)
    return Picture(name, title, caption, as_png(light), as_png(draw(comparison, DARK)))


def _points(comparison: Comparison, theme: Theme) -> Any:
    return draw_scatter(comparison, theme) if draw_pictures(comparison, theme) is None else None


def _curves(comparison: Comparison, theme: Theme) -> Any:
    return draw_loss_curves(comparison, theme) if comparison.terms else None


def _weights(comparison: Comparison, theme: Theme) -> Any:
    return draw_weights(comparison, theme) if comparison.terms else None


def _url(png: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(png).decode("ascii")


_PICTURES: tuple[tuple[str, str, str, Draw], ...] = (
    (
        "changes",
        "Better or worse, metric by metric",
        "Each bar is the mean change against {baseline}, compared seed by seed; to the right is better, whichever way "
        "the metric runs. The thin line is the interval: where it crosses the middle, chance alone could explain the "
        "bar. An arrowhead says that the interval goes on beyond the edge.",
        draw_changes,
    ),
    (
        "losses",
        "The losses, term by term",
        "Every term in its own unit, so that panels cannot be compared with one another, but the lines within one can. "
        "Full lines: validation, with the range over the seeds. Dashed lines: training. The last panel is the "
        "validation loss, summed with the same fixed weights for everyone: a yardstick that no balancer moves.",
        _curves,
    ),
    (
        "weights",
        "What the balancers did",
        "Above: the factor by which each term's loss enters the sum (the user's weight, scale and balancer together). "
        "Below: what part of the training loss each term then makes. A term that fills the lower panel drowns the "
        "others.",
        _weights,
    ),
    (
        "samples",
        "A few validation samples",
        "The same samples for every balancer, from the models of the first seed. They show what kind of mistakes "
        "remain; the verdict above rests on all samples and all seeds.",
        draw_pictures,
    ),
    (
        "predictions",
        "Predicted against true",
        "Validation samples, the same for every balancer, from the models of the first seed. Numbers: the dashed line "
        "is where predictions are right. Classes: full circles are right, rings are wrong, and larger means more "
        "samples. The verdict above rests on all samples and all seeds.",
        _points,
    ),
)
