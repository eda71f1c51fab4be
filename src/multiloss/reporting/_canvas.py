"""Figures without matplotlib's global state, and their bytes."""

from __future__ import annotations

import io
import math
import warnings
from typing import Any

from .._core.optional import require
from ._theme import Theme

DPI = 110
PURPOSE = "drawing reports"
# Values that span more than this factor are drawn on a logarithmic axis.
_WIDE = 8.0
# Signs of a line of text in a picture.
_LONGEST = 60


def new_figure(width: float, height: float, theme: Theme, layout: Any = "constrained") -> Any:
    """A figure of this size in inches, on the theme's ground."""
    require("matplotlib", extra="report", purpose=PURPOSE)
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=DPI, facecolor=theme.ground, layout=layout)
    FigureCanvasAgg(figure)
    return figure


def panels(figure: Any, count: int, columns: int, theme: Theme, **options: Any) -> list[Any]:
    """That many styled axes in a grid, row by row; the places left over stay empty."""
    rows = math.ceil(count / columns)
    grid = figure.subplots(rows, columns, squeeze=False, **options)
    flat = [axes for row in grid for axes in row]
    for axes in flat[count:]:
        axes.remove()
    for axes in flat[:count]:
        style(axes, theme)
    return flat[:count]


def style(axes: Any, theme: Theme) -> None:
    """The theme's colours, a faint grid, and no frame at the top and the right."""
    axes.set_facecolor(theme.ground)
    axes.grid(visible=True, color=theme.faint, linewidth=0.6, alpha=0.7)
    axes.set_axisbelow(True)
    axes.tick_params(colors=theme.ink, which="both", labelsize=9)
    for side, spine in axes.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set_color(theme.ink)
    for text in (axes.title, axes.xaxis.label, axes.yaxis.label):
        text.set_color(theme.ink)


def legend(figure: Any, handles: list[Any], theme: Theme, columns: int = 4) -> None:
    """One legend above the panels."""
    figure.legend(
        handles=handles,
        loc="outside upper left",
        ncols=min(columns, len(handles)),
        frameon=False,
        labelcolor=theme.ink,
        fontsize=9.5,
    )


def line_handle(label: str, theme: Theme, **style_options: Any) -> Any:
    """A legend's entry."""
    from matplotlib.lines import Line2D

    return Line2D([], [], label=label, **{"color": theme.ink, "linewidth": 2.0, **style_options})


def whole_epochs(axes: Any, last: int) -> None:
    """The axis of epochs, from 1, with integers."""
    from matplotlib.ticker import MaxNLocator

    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
    axes.set_xlim(0.8 if last == 1 else 1, max(last, 1.2))


def maybe_logarithmic(axes: Any, values: list[float]) -> None:
    """A logarithmic axis where the values span it, with labels that stay apart."""
    if not values or min(values) <= 0.0 or max(values) / min(values) < _WIDE:
        return
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axes.set_yscale("log")
    decades = math.log10(max(values) / min(values))
    axes.yaxis.set_major_locator(LogLocator(base=10, subs=(1.0, 2.0, 5.0) if decades < 2.5 else (1.0,), numticks=12))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())


def _fitting(line: str) -> str:
    """A line that leaves room for the axes; the page shows names whole."""
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"


def as_png(figure: Any) -> bytes:
    """The figure as the bytes of a PNG file."""
    from matplotlib.text import Text

    for text in figure.findobj(Text):
        text.set_parse_math(False)  # a dollar in a name of the user's is a dollar
        drawable = text.get_text().encode("utf-8", "backslashreplace").decode("utf-8")  # no font has half a character
        text.set_text("\n".join(map(_fitting, drawable.split("\n"))))
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from", UserWarning)  # a box is drawn in its place
        warnings.filterwarnings("ignore", "constrained_layout not applied", UserWarning)  # by long names
        figure.savefig(buffer, format="png", facecolor=figure.get_facecolor())
    return buffer.getvalue()
