"""How much better or worse than the baseline, where there are too many contenders for bars in colours."""

from __future__ import annotations

from typing import Any

from ..experiments import Comparison, Estimate
from ._canvas import new_figure, style
from ._theme import Theme

_COLUMNS = 3
# An interval may be many times as wide as the changes; then the axis ends here, in units of the largest change.
_ROOM = 2.0
_MARKERS = {"better": "o", "worse": "s"}


def draw_change_rows(comparison: Comparison, theme: Theme) -> Any:
    """A panel for the mean and for each metric, a row for each contender: its mean change and interval.

    Returns:
        The figure; None where there is nothing to compare.
    """
    others = [entry for entry in comparison.summary if entry.balancer != comparison.baseline and entry.finished]
    panels: list[tuple[str, list[Estimate]]] = [("mean of all", [entry.improvement for entry in others])]
    panels += [(name, [entry.changes[name] for entry in others]) for name in comparison.score]
    panels = [panel for panel in panels if any(change.mean is not None for change in panel[1])]
    if not panels:
        return None
    columns = min(_COLUMNS, len(panels))
    rows = -(-len(panels) // columns)
    figure = new_figure(1.6 + 3.1 * columns, rows * (0.9 + 0.27 * len(others)), theme)
    grid = figure.subplots(rows, columns, squeeze=False, sharey=True)
    flat = [axes for line in grid for axes in line]
    for axes in flat[len(panels) :]:
        axes.remove()
    for axes, (title, changes) in zip(flat, panels, strict=False):
        style(axes, theme)
        _panel(axes, changes, theme)
        axes.set_title(title, fontsize=10.5, loc="left", color=theme.ink, fontweight="bold")
        axes.set_xlabel("change, per cent  (right: better)")
    for line in grid:
        line[0].set_yticks(range(len(others)), [entry.balancer for entry in others])
        line[0].set_ylim(len(others) - 0.4, -0.6)
    return figure


def _panel(axes: Any, changes: list[Estimate], theme: Theme) -> None:
    means = [100.0 * abs(change.mean) for change in changes if change.mean is not None]
    ends = [100.0 * abs(end) for change in changes if change.interval for end in change.interval]
    limit = 1.05 * min(max([*means, *ends]), _ROOM * max(means)) or 1.0
    axes.axvline(0.0, color=theme.ink, linewidth=1.2)
    axes.set_xlim(-limit, limit)
    for row, change in enumerate(changes):
        if change.mean is None:
            axes.text(0.0, row, "  no result", va="center", fontsize=8.5, color=theme.ink)
            continue
        word = "better" if change.mean > 0.0 else "worse"
        colour = (theme.good if change.mean > 0.0 else theme.bad) if change.excludes_zero() else theme.soft
        if change.interval is not None:
            low, high = (100.0 * end for end in change.interval)
            axes.plot([max(low, -limit), min(high, limit)], [row, row], color=colour, linewidth=1.8)
            for end, edge, beyond in ((low, -limit, "<"), (high, limit, ">")):
                if abs(end) > limit:
                    axes.plot([edge], [row], marker=beyond, color=colour, markersize=6, clip_on=False)
        axes.plot([100.0 * change.mean], [row], marker=_MARKERS[word], color=colour, markersize=6)
