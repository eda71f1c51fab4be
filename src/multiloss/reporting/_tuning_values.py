"""What the pictures of a search have in common: its trials as numbers on axes."""

from __future__ import annotations

import math
from typing import Any

from ..experiments.tuning import TrialRecord, Tuning
from ._theme import Theme

# Light to dark in steps that people with any colour vision can order, and that print in grey.
COLOURS = "cividis"


def better_is_up(tuning: Tuning) -> bool:
    """Whether a larger objective is better."""
    return tuning.objective.directions[0] == "maximize"


def displayed_value(tuning: Tuning, value: float) -> float:
    """An objective as it is drawn: relative improvements in per cent."""
    return 100.0 * value if tuning.objective.relative else value


def objective_label(tuning: Tuning) -> str:
    """The axis of the objective, with its unit and the better side."""
    if tuning.objective.relative:
        return f"improvement over {tuning.baseline}, per cent (higher is better)"
    way = "higher" if better_is_up(tuning) else "lower"
    return f"{next(iter(tuning.objective.metrics))} ({way} is better)"


def goodness(tuning: Tuning, trials: list[TrialRecord]) -> list[float]:
    """0 for the worst of these trials to 1 for the best, by rank: one wild trial must not paint all others alike."""
    sign = 1.0 if better_is_up(tuning) else -1.0
    values = [sign * trial.values[0] for trial in trials]
    order = sorted(set(values))
    return [order.index(value) / max(len(order) - 1, 1) for value in values]


def colour_map(theme: Theme) -> Any:
    """Where the best trials stand out from the ground: bright on dark, dark on light."""
    import matplotlib

    colours = matplotlib.colormaps[COLOURS]
    return colours if theme.name == "dark" else colours.reversed()


def log_ticks(axis: Any, values: list[float]) -> None:
    """Labels such as 0.001 and 10 on a logarithmic axis, few enough to stay apart."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    decades = math.log10(max(values) / min(values))
    steps = (1.0,) if decades > 2.0 else (1.0, 3.0) if decades > 1.0 else (1.0, 2.0, 5.0)
    axis.set_major_locator(LogLocator(base=10, subs=steps, numticks=4 if decades > 4.0 else 7))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())


def rank_bar(figure: Any, panel: Any, theme: Theme) -> None:
    """The legend of the colours."""
    from matplotlib.cm import ScalarMappable

    bar = figure.colorbar(ScalarMappable(cmap=colour_map(theme)), ax=panel, fraction=0.03, pad=0.02, ticks=[0, 1])
    bar.ax.set_yticklabels(["worst trial", "best trial"], color=theme.ink, fontsize=8.5)
    bar.outline.set_visible(False)
    bar.ax.tick_params(length=0)
