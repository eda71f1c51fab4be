"""The pictures of a comparison's report, in their order, each with what it shows in words."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from ..experiments import Comparison
from ._change_bars import draw_changes
from ._change_rows import draw_change_rows
from ._displayed import is_crowded, remark, the_best
from ._loss_curves import draw_loss_curves
from ._pictures import Picture, draw
from ._sample_pictures import draw_pictures
from ._sample_plots import draw_scatter
from ._theme import Theme
from ._weight_curves import draw_weights

FigureOn = Callable[[Comparison, Theme], Any]


def draw_comparison(comparison: Comparison) -> list[Picture]:
    """Every picture that the comparison has something to show for."""
    crowded, best = is_crowded(comparison), the_best(comparison)
    drawn = [
        draw("changes", _CHANGES, _ROWS.format(baseline=comparison.baseline), partial(draw_change_rows, comparison))
        if crowded
        else draw("changes", _CHANGES, _BARS.format(baseline=comparison.baseline), partial(draw_changes, comparison))
    ]
    drawn += [
        draw(name, title, caption + remark(comparison), partial(figure_on, best))
        for name, title, caption, figure_on in _PICTURES
    ]
    return [picture for picture in drawn if picture is not None]


def _points(comparison: Comparison, theme: Theme) -> Any:
    return draw_scatter(comparison, theme) if draw_pictures(comparison, theme) is None else None


def _curves(comparison: Comparison, theme: Theme) -> Any:
    return draw_loss_curves(comparison, theme) if comparison.terms else None


def _weights(comparison: Comparison, theme: Theme) -> Any:
    return draw_weights(comparison, theme) if comparison.terms else None


_CHANGES = "Better or worse, metric by metric"
_BARS = (
    "Each bar is the mean change against {baseline}, compared seed by seed; to the right is better, whichever way the "
    "metric runs. The thin line is the interval: where it crosses the middle, chance alone could explain the bar. An "
    "arrowhead says that the interval goes on beyond the edge."
)
_ROWS = (
    "Each point is the mean change against {baseline}, compared seed by seed, with its interval; to the right is "
    "better, whichever way the metric runs. Circles are above zero and squares below; where the interval crosses the "
    "middle, chance alone could explain the change, and it is grey. An arrowhead says that the interval goes on beyond "
    "the edge."
)
_PICTURES: tuple[tuple[str, str, str, FigureOn], ...] = (
    (
        "losses",
        "The losses, term by term",
        "Every term in its own unit, so that panels cannot be compared with one another, but the lines within one can. "
        "Full lines: validation, with the range over the seeds. Dashed lines: training. The last panel is the "
        "validation loss, summed with your own weights: a yardstick that no balancer moves. Contenders with fixed "
        "weights of their own are not in it.",
        _curves,
    ),
    (
        "weights",
        "What the balancers did",
        "Upper panels: the factor by which each term's loss enters the sum (the user's weight, scale and balancer "
        "together). Lower panels: what part of the training loss each term then makes. A term that fills its lower "
        "panel drowns the others.",
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
