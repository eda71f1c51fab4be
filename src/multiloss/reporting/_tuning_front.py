"""The Pareto front: every two objectives in a panel, with the knee."""

from __future__ import annotations

import itertools
import math
from typing import Any

from ..experiments.tuning import TrialRecord, Tuning
from ._canvas import legend, line_handle, new_figure, panels
from ._theme import Theme

_COLUMNS = 3


def draw_front(tuning: Tuning, theme: Theme) -> Any:
    """Finished trials, those of the front, the knee and equal weights; None for a search with one objective."""
    if not tuning.front:
        return None
    names = list(tuning.objective.metrics)
    pairs = list(itertools.combinations(range(len(names)), 2))
    columns = min(_COLUMNS, len(pairs))
    wide = 6.4 if columns == 1 else 9.2
    figure = new_figure(wide, 0.7 + (4.0 if columns == 1 else 2.9) * math.ceil(len(pairs) / columns), theme)
    on_front = {trial.number for trial in tuning.front}
    rest = [trial for trial in tuning.finished if trial.number not in on_front]
    for axes, pair in zip(panels(figure, len(pairs), columns, theme), pairs, strict=True):
        _points(axes, rest, pair, marker="o", s=22, color=theme.soft, alpha=0.6)
        _points(axes, tuning.front, pair, marker="o", s=44, color=theme.balancer(0), zorder=3)
        if len(names) == 2:
            axes.step(*_line(tuning, pair), where=_where(tuning), color=theme.balancer(0), linewidth=1.3, zorder=2)
        base = [tuning.baseline_trial] if tuning.baseline_trial else []
        _points(axes, base, pair, marker="D", s=60, color=theme.ink, zorder=4)
        _points(
            axes,
            [tuning.knee] if tuning.knee else [],
            pair,
            marker="*",
            s=240,
            color=theme.balancer(1),
            zorder=5,
            edgecolor=theme.ink,
            linewidth=0.8,
        )
        for set_label, place in ((axes.set_xlabel, pair[0]), (axes.set_ylabel, pair[1])):
            name = names[place]
            set_label(f"{name} ({tuning.objective.metrics[name].better} is better)", fontsize=9)
    legend(
        figure,
        [
            line_handle("on the front", theme, color=theme.balancer(0), marker="o", linewidth=0.0),
            line_handle("other trials", theme, color=theme.soft, marker="o", linewidth=0.0),
            line_handle("knee", theme, color=theme.balancer(1), marker="*", markersize=12, linewidth=0.0),
            line_handle(tuning.baseline, theme, marker="D", linewidth=0.0),
        ],
        theme,
    )
    return figure


def _points(axes: Any, trials: list[TrialRecord], pair: tuple[int, int], **options: Any) -> None:
    axes.scatter([trial.values[pair[0]] for trial in trials], [trial.values[pair[1]] for trial in trials], **options)


def _line(tuning: Tuning, pair: tuple[int, int]) -> tuple[list[float], list[float]]:
    return [trial.values[pair[0]] for trial in tuning.front], [trial.values[pair[1]] for trial in tuning.front]


def _where(tuning: Tuning) -> str:
    """The corners lie on the side that the front's points dominate."""
    return "pre" if tuning.objective.directions[0] == "maximize" else "post"
