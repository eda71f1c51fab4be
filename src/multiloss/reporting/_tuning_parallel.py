"""Parallel coordinates: every trial as a line from its weights to its objective."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._core.wording import number
from ..experiments.tuning import TrialRecord, Tuning
from ._canvas import new_figure
from ._theme import Theme
from ._tuning_values import colour_map, displayed_value, goodness, rank_bar

BALANCER = "balancer"


def draw_parallel(tuning: Tuning, theme: Theme) -> Any:
    """One axis a weight (logarithmic) or choice, the objective last; coloured by rank. None for Pareto searches."""
    trials = tuning.finished
    names = _names(tuning)
    if tuning.objective.pareto or len(trials) < 3 or not names:
        return None
    figure = new_figure(9.2, 4.2, theme)
    axes = figure.subplots()
    axes.set_facecolor(theme.ground)
    columns = [_axis([_value(trial, name) for trial in trials]) for name in names]
    last = [displayed_value(tuning, trial.values[0]) for trial in trials]
    columns.append(_linear(last))
    shades = goodness(tuning, trials)
    colours = colour_map(theme)
    for place in sorted(range(len(trials)), key=lambda index: shades[index]):
        heights = [column.heights[place] for column in columns]
        best = tuning.best is not None and trials[place].number == tuning.best.number
        axes.plot(
            range(len(columns)),
            heights,
            color=colours(shades[place]),
            linewidth=3.2 if best else 1.3,
            alpha=1.0 if best else 0.75,
            zorder=4 if best else 2,
        )
    labels = [name if name == BALANCER else f"weight of\n{name}" for name in names]
    labels.append("improvement\nper cent" if tuning.objective.relative else next(iter(tuning.objective.metrics)))
    for place, column in enumerate(columns):
        axes.axvline(place, color=theme.ink, linewidth=1.0, zorder=3)
        for height, text in column.ticks:
            axes.annotate(
                text,
                (place, height),
                xytext=(4, 0),
                textcoords="offset points",
                fontsize=8.5,
                color=theme.ink,
                va="center",
                zorder=5,
                bbox={"facecolor": theme.ground, "edgecolor": "none", "alpha": 0.75, "pad": 0.8},
            )
    axes.set_xticks(range(len(columns)), labels, color=theme.ink, fontsize=9)
    axes.set_xlim(-0.05, len(columns) - 1 + 0.35)
    axes.set_ylim(-0.04, 1.04)
    axes.set_yticks([])
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
    rank_bar(figure, axes, theme)
    return figure


class _Axis:
    """Where each trial crosses an axis, from 0 to 1, and what is written beside it."""

    def __init__(self, heights: list[float], ticks: list[tuple[float, str]]) -> None:
        self.heights = heights
        self.ticks = ticks


def _names(tuning: Tuning) -> list[str]:
    terms = [
        term
        for term in tuning.best_weights
        if len({trial.candidate.weights.get(term) for trial in tuning.finished}) > 1
    ]
    return terms + ([BALANCER] if len({trial.candidate.balancer for trial in tuning.finished}) > 1 else [])


def _value(trial: TrialRecord, name: str) -> Any:
    return trial.candidate.balancer if name == BALANCER else trial.candidate.weights[name]


def _axis(values: list[Any]) -> _Axis:
    if isinstance(values[0], str):
        kinds = list(dict.fromkeys(values))
        step = 1.0 / max(len(kinds) - 1, 1)
        return _Axis(
            [kinds.index(value) * step for value in values], [(place * step, kind) for place, kind in enumerate(kinds)]
        )
    logs = np.log10(values)
    low, span = float(logs.min()), float(np.ptp(logs)) or 1.0
    decades = range(int(np.ceil(low)), int(np.floor(low + span)) + 1)
    ticks = [((decade - low) / span, f"{10.0**decade:g}") for decade in decades]
    if len(ticks) < 2:
        ticks = [(0.0, number(10**low)), (1.0, number(10 ** (low + span)))]
    return _Axis([float((log - low) / span) for log in logs], ticks)


def _linear(values: list[float]) -> _Axis:
    low, span = min(values), (max(values) - min(values)) or 1.0
    ticks = [(share, number(low + share * span)) for share in (0.0, 0.25, 0.5, 0.75, 1.0)]
    return _Axis([(value - low) / span for value in values], ticks)
