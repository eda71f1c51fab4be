"""The objective from trial to trial, and against each weight."""

from __future__ import annotations

import math
from typing import Any

from ..experiments.tuning import TrialRecord, Tuning
from ._canvas import legend, line_handle, new_figure, panels, style
from ._theme import Theme
from ._tuning_values import better_is_up, displayed_value, log_ticks, objective_label

_COLUMNS = 3
# Trials far below the others would press the interesting ones into a line: so much room they get, in units of the
# spread of the better half.
_ROOM = 4.0


def draw_history(tuning: Tuning, theme: Theme) -> Any:
    """Every finished trial, the best so far, and equal weights; None for a Pareto search."""
    if tuning.objective.pareto or len(tuning.finished) < 2:
        return None
    figure = new_figure(9.2, 3.6, theme)
    axes = figure.subplots()
    style(axes, theme)
    up = better_is_up(tuning)
    best: list[float] = []
    for trial in tuning.finished:
        value = displayed_value(tuning, trial.values[0])
        best.append(value if not best else max(best[-1], value) if up else min(best[-1], value))
    numbers = [trial.number for trial in tuning.finished]
    values = [displayed_value(tuning, trial.values[0]) for trial in tuning.finished]
    axes.scatter(numbers, values, s=34, color=theme.balancer(0), zorder=3)
    axes.step(
        [*numbers, max(trial.number for trial in tuning.trials)],
        [*best, best[-1]],
        where="post",
        color=theme.balancer(1),
        linewidth=2.0,
    )
    handles = [
        line_handle("finished trial", theme, color=theme.balancer(0), marker="o", linewidth=0.0),
        line_handle("best so far", theme, color=theme.balancer(1)),
    ]
    limits = set_limits(axes, tuning)
    stopped = [trial for trial in tuning.trials if not trial.finished]
    if stopped:
        floor = limits[0] if up else limits[1]
        axes.scatter(
            [trial.number for trial in stopped],
            [floor] * len(stopped),
            marker="x",
            s=40,
            color=theme.soft,
            clip_on=False,
            zorder=3,
        )
        handles.append(
            line_handle("stopped early or failed (no value)", theme, color=theme.soft, marker="x", linewidth=0.0)
        )
    if tuning.baseline_trial:
        level = displayed_value(tuning, tuning.baseline_trial.values[0])
        axes.axhline(level, color=theme.ink, linestyle="--", linewidth=1.2)
        handles.append(line_handle(tuning.baseline, theme, linestyle="--", linewidth=1.2))
    axes.set_xlabel("trial")
    axes.set_ylabel(_broken(objective_label(tuning)))
    legend(figure, handles, theme)
    return figure


def draw_slices(tuning: Tuning, theme: Theme) -> Any:
    """The objective against each searched weight, one panel a term; None without searched weights."""
    terms = list(tuning.best_weights)
    if tuning.objective.pareto or not terms or len(tuning.finished) < 3:
        return None
    columns = min(_COLUMNS, len(terms))
    rows = math.ceil(len(terms) / columns)
    figure = new_figure(9.2, 0.6 + 2.7 * rows, theme)
    values = [displayed_value(tuning, trial.values[0]) for trial in tuning.finished]
    for place, (axes, term) in enumerate(
        zip(panels(figure, len(terms), columns, theme, sharey=True), terms, strict=True)
    ):
        axes.set_xscale("log")
        weights = [trial.candidate.weights[term] for trial in tuning.finished]
        axes.scatter(
            weights,
            values,
            s=30,
            color=theme.balancer(0),
            alpha=0.85,
            zorder=3,
        )
        _mark(axes, tuning, tuning.best, term, theme, marker="*", size=190, colour=theme.balancer(1))
        _mark(axes, tuning, tuning.baseline_trial, term, theme, marker="D", size=46, colour=theme.ink)
        axes.set_xlabel(f"weight of {term}")
        log_ticks(axes.xaxis, weights)
        set_limits(axes, tuning)
        if place % columns == 0:
            axes.set_ylabel(_broken(objective_label(tuning)), fontsize=9)
    legend(
        figure,
        [
            line_handle("finished trial", theme, color=theme.balancer(0), marker="o", linewidth=0.0),
            line_handle("best", theme, color=theme.balancer(1), marker="*", markersize=12, linewidth=0.0),
            line_handle(tuning.baseline, theme, marker="D", linewidth=0.0),
        ],
        theme,
    )
    return figure


def set_limits(axes: Any, tuning: Tuning) -> tuple[float, float]:
    """Limits that show the better half at full size, and equal weights; trials beyond them are cut off."""
    up = better_is_up(tuning)
    values = [displayed_value(tuning, trial.values[0]) for trial in tuning.finished]
    ordered = sorted(values, reverse=up)
    spread = abs(ordered[len(ordered) // 2] - ordered[0]) or abs(ordered[-1] - ordered[0]) or 1.0
    worst = max(ordered[-1], ordered[0] - _ROOM * spread) if up else min(ordered[-1], ordered[0] + _ROOM * spread)
    if tuning.baseline_trial:
        level = displayed_value(tuning, tuning.baseline_trial.values[0])
        worst = min(worst, level) if up else max(worst, level)
    margin = 0.08 * abs(ordered[0] - worst) or 0.5
    low, high = sorted((worst, ordered[0]))
    axes.set_ylim(low - margin, high + margin)
    return low - margin, high + margin


def _mark(
    axes: Any,
    tuning: Tuning,
    trial: TrialRecord | None,
    term: str,
    theme: Theme,
    *,
    marker: str,
    size: int,
    colour: str,
) -> None:
    if trial is not None and term in trial.candidate.weights:
        value = displayed_value(tuning, trial.values[0])
        axes.scatter(
            [trial.candidate.weights[term]],
            [value],
            marker=marker,
            s=size,
            color=colour,
            zorder=4,
            edgecolor=theme.ground,
            linewidth=0.8,
        )


def _broken(label: str) -> str:
    """The part in brackets on a line of its own."""
    return (
        label.replace(", per cent (", ",\nper cent (").replace(" (", "\n(", 1)
        if "per cent" not in label
        else label.replace(", per cent (", "\nper cent (")
    )
