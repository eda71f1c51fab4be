"""The pictures of a search's report, in their order, each with what it shows in words."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from ..experiments.tuning import Tuning
from ._change_bars import draw_changes
from ._pictures import Picture, draw
from ._theme import Theme
from ._tuning_contour import draw_contour, draw_importance
from ._tuning_front import draw_front
from ._tuning_history import draw_history, draw_slices
from ._tuning_parallel import draw_parallel

FigureOn = Callable[[Tuning, Theme], Any]


def draw_tuning(tuning: Tuning) -> list[Picture]:
    """Every picture that the search has something to show for."""
    drawn = (
        draw(name, title, caption.format(baseline=tuning.baseline), partial(figure_on, tuning))
        for name, title, caption, figure_on in _PICTURES
    )
    return [picture for picture in drawn if picture is not None]


def _confirmation(tuning: Tuning, theme: Theme) -> Any:
    return draw_changes(tuning.confirmation, theme) if tuning.confirmation else None


_PICTURES: tuple[tuple[str, str, str, FigureOn], ...] = (
    (
        "confirmation",
        "Does it hold on fresh seeds?",
        "Each bar is the mean change against {baseline} on starts that the search never saw, seed by seed; to the "
        "right is better, whichever way the metric runs. The thin line is the interval: where it crosses the middle, "
        "chance alone could explain the bar.",
        _confirmation,
    ),
    (
        "front",
        "The front: what each metric costs the others",
        "Every dot is a trial. No trial is better than one on the front in all metrics at once; along it, one metric "
        "is paid for with another. The star is the knee: from there on, a little more of one costs much of the others.",
        draw_front,
    ),
    (
        "importance",
        "Which weights mattered",
        "How much of what made trials differ goes back to each weight. A weight with a small share may be left at what "
        "is easiest.",
        draw_importance,
    ),
    (
        "slices",
        "The objective against each weight",
        "Each dot is a trial. Where the dots rise towards the star, that weight mattered; where they are a cloud, it "
        "did not. Weights sum to the number of terms. Trials far worse than the others are cut off.",
        draw_slices,
    ),
    (
        "contour",
        "The two weights that mattered most",
        "Each dot is a trial, coloured by its rank. The bands between them are drawn through the dots and are only as "
        "good as those are dense; the other weights differ from dot to dot.",
        draw_contour,
    ),
    (
        "parallel",
        "Every trial as a line",
        "A line goes through the weights of one trial (logarithmic axes) and ends at its objective. The thick line is "
        "the best. Where the best lines run together, the weight matters.",
        draw_parallel,
    ),
    (
        "history",
        "The search, trial by trial",
        "Every dot is a finished trial. When the line of the best has been flat for long, more trials will hardly "
        "help. Trials far worse than the others are cut off.",
        draw_history,
    ),
)
