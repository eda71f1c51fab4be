"""The pictures of a diagnosis: who pulls how hard, and who against whom."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

from .._core.wording import percent
from ..diagnostics import Diagnosis
from ._canvas import legend, line_handle, new_figure, style
from ._pictures import Picture, draw
from ._theme import Theme

# More terms than this make the numbers in the matrix too small to read.
_NUMBERS_UP_TO = 14


def draw_diagnosis(diagnosis: Diagnosis) -> list[Picture]:
    """Every picture that the diagnosis has something to show for."""
    drawn = (
        draw(
            "shares",
            "Who pulls how hard",
            "Each term's part of the gradient (its length at the layers that terms share, your weights and scales "
            "counted) beside its part of the weighted loss. What moves the shared layers is the gradient: a large loss "
            "may pull little, and a small one much. A term that fills the picture drowns the others.",
            partial(draw_shares, diagnosis),
        ),
        draw(
            "cosines",
            "Who pulls with whom, and against whom",
            "The mean cosine of every two gradients at the shared layers: +1, the same way; 0, they do not touch each "
            "other; −1, straight against each other. Below it, the part of the batches in which it was negative.",
            partial(draw_cosines, diagnosis),
        ),
    )
    return [picture for picture in drawn if picture is not None]


def draw_shares(diagnosis: Diagnosis, theme: Theme) -> Any:
    """Two bars a term; None below two terms with a share."""
    terms = [term for term in diagnosis.terms if math.isfinite(term.gradient_share)]
    if len(terms) < 2:
        return None
    figure = new_figure(9.2, 1.2 + 0.62 * len(terms), theme)
    axes = figure.subplots()
    style(axes, theme)
    longest = max(max(term.gradient_share, term.contribution) for term in terms)
    kinds = (
        ("part of the gradient", "gradient_share", theme.balancers[0], -0.19),
        ("part of the loss", "contribution", theme.balancers[4], 0.19),
    )
    for _, attribute, colour, offset in kinds:
        for row, term in enumerate(terms):
            value = getattr(term, attribute)
            if not math.isfinite(value):
                continue
            axes.barh(row + offset, 100.0 * value, height=0.34, color=colour)
            axes.text(
                100.0 * value + 0.8 * longest, row + offset, percent(value), va="center", fontsize=8.5, color=theme.ink
            )
    axes.set_yticks(range(len(terms)), [term.name for term in terms])
    axes.set_ylim(len(terms) - 0.5, -0.5)
    axes.set_xlim(0.0, 118.0 * longest)
    axes.set_xlabel("per cent of the sum over all terms")
    axes.grid(visible=False, axis="y")
    legend(figure, [line_handle(label, theme, color=colour, linewidth=7.0) for label, _, colour, _ in kinds], theme)
    return figure


def draw_cosines(diagnosis: Diagnosis, theme: Theme) -> Any:
    """The matrix as coloured squares with numbers; None below two terms with a gradient."""
    known = [place for place in range(len(diagnosis.terms)) if math.isfinite(diagnosis.cosines[place, place])]
    if len(known) < 2:
        return None
    names = [diagnosis.terms[place].name for place in known]
    size = min(0.9 * len(known), 8.0)
    figure = new_figure(2.6 + size, 1.0 + size, theme)
    axes = figure.subplots()
    style(axes, theme)
    image = axes.imshow(diagnosis.cosines[known][:, known], cmap="PuOr", vmin=-1.0, vmax=1.0)
    axes.grid(visible=False)
    axes.set_xticks(range(len(names)), names, rotation=0 if max(map(len, names)) < 9 else 40, ha="center")
    axes.set_yticks(range(len(names)), names)
    if len(names) <= _NUMBERS_UP_TO:
        for row, first in enumerate(known):
            for column, second in enumerate(known):
                _number(axes, diagnosis, row, column, first, second)
    bar = figure.colorbar(image, ax=axes, shrink=0.85)
    bar.set_label("mean cosine", color=theme.ink)
    bar.ax.tick_params(colors=theme.ink, labelsize=9)
    bar.outline.set_visible(False)
    return figure


def _number(axes: Any, diagnosis: Diagnosis, row: int, column: int, first: int, second: int) -> None:
    cosine, often = diagnosis.cosines[first, second], diagnosis.conflicts[first, second]
    if not math.isfinite(cosine):
        return
    colour = "#ffffff" if abs(cosine) > 0.6 else "#1c2126"  # the squares are light near 0, on either ground
    axes.text(column, row - 0.08, f"{cosine:+.2f}".replace("-", "−"), ha="center", color=colour, fontsize=10)
    if first != second:
        axes.text(column, row + 0.22, percent(often), ha="center", color=colour, fontsize=7.5)
