"""The objective over the two weights that matter most, and how much each of them matters."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._core.wording import percent
from ..experiments.tuning import Tuning
from ._canvas import legend, line_handle, new_figure, style
from ._theme import Theme
from ._tuning_values import colour_map, goodness, log_ticks, rank_bar

# With fewer points a surface through them is fiction.
_FEWEST = 8
_LEVELS = 9
# Room around the points, as a factor.
_MARGIN = 1.4


def draw_contour(tuning: Tuning, theme: Theme) -> Any:
    """Ranks of the trials over two weights, and bands between them; None where two weights tell one number."""
    terms = _two_terms(tuning)
    trials = tuning.finished
    if tuning.objective.pareto or terms is None or len(trials) < _FEWEST:
        return None
    x, y = (np.array([trial.candidate.weights[term] for trial in trials]) for term in terms)
    shades = np.array(goodness(tuning, trials))
    figure = new_figure(7.6, 4.8, theme)
    axes = figure.subplots()
    style(axes, theme)
    colours = colour_map(theme)
    bands = _triangles(np.log10(x), np.log10(y))
    if bands is not None:
        from matplotlib.tri import Triangulation

        mesh = Triangulation(x, y, bands)
        axes.tricontourf(mesh, shades, levels=np.linspace(0.0, 1.0, _LEVELS + 1), cmap=colours, alpha=0.55)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.scatter(x, y, c=shades, cmap=colours, s=46, edgecolor=theme.ink, linewidth=0.8, zorder=3, vmin=0.0, vmax=1.0)
    for trial, marker, size in ((tuning.best, "*", 260), (tuning.baseline_trial, "D", 64)):
        if trial is not None:
            point = [trial.candidate.weights[term] for term in terms]
            axes.scatter(
                *[[value] for value in point],
                marker=marker,
                s=size,
                color=theme.balancer(1 if marker == "*" else 2),
                edgecolor=theme.ink,
                zorder=4,
            )
    axes.set_xlim(min(x) / _MARGIN, max(x) * _MARGIN)
    axes.set_ylim(min(y) / _MARGIN, max(y) * _MARGIN)
    axes.set_xlabel(f"weight of {terms[0]}")
    axes.set_ylabel(f"weight of {terms[1]}")
    log_ticks(axes.xaxis, list(x))
    log_ticks(axes.yaxis, list(y))
    rank_bar(figure, axes, theme)
    legend(
        figure,
        [
            line_handle("finished trial", theme, marker="o", linewidth=0.0, color=theme.soft),
            line_handle("best", theme, marker="*", markersize=12, linewidth=0.0, color=theme.balancer(1)),
            line_handle(tuning.baseline, theme, marker="D", linewidth=0.0, color=theme.balancer(2)),
        ],
        theme,
    )
    return figure


def draw_importance(tuning: Tuning, theme: Theme) -> Any:
    """A bar for each weight and choice; None where nothing was measured."""
    if not tuning.importance:
        return None
    names = list(tuning.importance)
    figure = new_figure(7.6, 0.9 + 0.36 * len(names), theme)
    axes = figure.subplots()
    style(axes, theme)
    shares = list(tuning.importance.values())
    axes.barh(range(len(names)), [100.0 * share for share in shares], color=theme.balancer(0), height=0.65)
    for place, share in enumerate(shares):
        axes.annotate(
            percent(share),
            (100.0 * share, place),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            fontsize=9,
            color=theme.ink,
        )
    axes.set_yticks(range(len(names)), [name.replace("_weight", "") for name in names])
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_xlim(0.0, 112.0 * max(shares))
    axes.set_xlabel(f"share in the objective's variation, per cent ({tuning.importance_method})")
    axes.grid(visible=False, axis="y")
    return figure


def _two_terms(tuning: Tuning) -> list[str] | None:
    """The two most important of at least three terms: of two, one weight tells the other."""
    terms = [
        term
        for term in tuning.best_weights
        if len({trial.candidate.weights.get(term) for trial in tuning.finished}) > 1
    ]
    if len(terms) < 3:
        return None
    return sorted(terms, key=lambda term: -tuning.importance.get(f"{term}_weight", 0.0))[:2]


def _triangles(x: np.ndarray, y: np.ndarray) -> Any:
    """Triangles between the points as they lie on logarithmic axes; None where they lie on one line."""
    from matplotlib.tri import Triangulation

    try:
        return Triangulation(x, y).triangles
    except (RuntimeError, ValueError):
        return None
