"""How much better or worse than the baseline, metric by metric."""

from __future__ import annotations

from typing import Any

from .._core.wording import signed_percent
from ..experiments import Comparison, Estimate
from ._canvas import legend, line_handle, new_figure, style
from ._theme import Theme, balancer_colours

# An interval may be many times as wide as the bars; then the axis ends here, in units of the longest bar.
_ROOM = 3.0
_BAR = 0.8


def draw_changes(comparison: Comparison, theme: Theme) -> Any:
    """Bars of the mean relative change against the baseline with their intervals; right is better.

    Returns:
        The figure; None where there is nothing to compare.
    """
    others = [
        standing for standing in comparison.summary if standing.balancer != comparison.baseline and standing.finished
    ]
    others.sort(key=lambda standing: comparison.balancers.index(standing.balancer))
    rows: list[tuple[str, list[Estimate]]] = [("mean of all", [standing.improvement for standing in others])]
    rows += [(name, [standing.changes[name] for standing in others]) for name in comparison.score]
    if not any(change.mean is not None for _, changes in rows for change in changes):
        return None
    colours = balancer_colours(comparison.balancers, comparison.baseline, theme)
    figure = new_figure(9.2, 1.1 + len(rows) * (0.3 + 0.25 * len(others)), theme)
    axes = figure.subplots()
    style(axes, theme)
    limit = _limit([change for _, changes in rows for change in changes])
    thickness = _BAR / len(others)
    for row, (_, changes) in enumerate(rows):
        for place, (standing, change) in enumerate(zip(others, changes, strict=True)):
            height = row - _BAR / 2 + (place + 0.5) * thickness
            _bar(axes, change, height, thickness, colours[standing.balancer], limit, theme)
    axes.axvline(0.0, color=theme.ink, linewidth=1.2)
    axes.axhline(0.5, color=theme.faint, linewidth=1.0)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_yticks(range(len(rows)), [_label(name, comparison) for name, _ in rows])
    axes.set_xlim(-100.0 * limit, 100.0 * limit)
    axes.set_xlabel(f"change against {comparison.baseline}, per cent  (right of the line: better)")
    axes.grid(visible=False, axis="y")
    legend(
        figure,
        [line_handle(entry.balancer, theme, color=colours[entry.balancer], linewidth=7.0) for entry in others],
        theme,
    )
    return figure


def _bar(axes: Any, change: Estimate, height: float, thickness: float, colour: str, limit: float, theme: Theme) -> None:
    if change.mean is None:
        axes.text(0.0, height, "  no result", va="center", fontsize=8.5, color=theme.ink)
        return
    axes.annotate(
        signed_percent(change.mean),
        (1.01, height),
        xycoords=axes.get_yaxis_transform(),
        va="center",
        fontsize=8.5,
        color=theme.ink,
    )
    axes.barh(height, 100.0 * change.mean, height=0.86 * thickness, color=colour, alpha=0.85)
    if change.interval is None:
        return
    low, high = (100.0 * min(max(end, -limit), limit) for end in change.interval)
    axes.plot([low, high], [height, height], color=theme.ink, linewidth=1.6, solid_capstyle="butt")
    for end, place, beyond in ((change.interval[0], low, "<"), (change.interval[1], high, ">")):
        marker = "|" if abs(end) <= limit else beyond
        axes.plot([place], [height], marker=marker, color=theme.ink, markersize=7, clip_on=False, markeredgewidth=1.6)


def _limit(changes: list[Estimate]) -> float:
    means = [abs(change.mean) for change in changes if change.mean is not None]
    ends = [abs(end) for change in changes if change.interval is not None for end in change.interval]
    longest = max(means) or 0.01
    return 1.05 * min(max([longest, *ends]), _ROOM * longest)


def _label(name: str, comparison: Comparison) -> str:
    if name not in comparison.score:
        return name
    return f"{name} ({comparison.score[name].better} is better)"
