"""What each balancer did: the effective weights, and how the training loss divides among the terms."""

from __future__ import annotations

from typing import Any

from ..experiments import Comparison
from ._canvas import legend, line_handle, maybe_logarithmic, new_figure, style, whole_epochs
from ._loss_curves import draw_curve
from ._theme import DASHES, Theme

_COLUMNS = 4


def draw_weights(comparison: Comparison, theme: Theme) -> Any:
    """Upper row: every term's weight, user's weight, scale and balancer in one; lower row: its part in the sum."""
    terms = comparison.terms
    balancers = [name for name in comparison.balancers if comparison.curve(name, "loss") is not None]
    count, columns = len(balancers), min(len(balancers), _COLUMNS)
    blocks = -(-count // columns)
    figure = new_figure(max(2.9 * columns, 5.5), 0.4 + 5.2 * blocks, theme)
    grid = figure.subplots(2 * blocks, columns, squeeze=False, sharex=True)
    upper = [axes for line in grid[0::2] for axes in line]
    lower = [axes for line in grid[1::2] for axes in line]
    for axes in (*upper[count:], *lower[count:]):
        axes.remove()
    drawn: list[float] = []
    last = 1
    for place, balancer in enumerate(balancers):
        style(upper[place], theme)
        style(lower[place], theme)
        for number, term in enumerate(terms):
            found = comparison.curve(balancer, f"{term}_weight")
            if found is not None:
                dash = DASHES[number % len(DASHES)]
                colour = theme.term(number)
                drawn += draw_curve(upper[place], found, colour, emphasised=True, linestyle=dash)
                last = max(last, len(found.mean))
        upper[place].set_title(balancer, fontsize=10.5, loc="left", color=theme.ink, fontweight="bold")
        _draw_shares(lower[place], comparison, balancer, theme)
        whole_epochs(lower[place], last)
        upper[place].tick_params(labelbottom=False)
    for place in range(count):
        maybe_logarithmic(upper[place], drawn)
        upper[place].set_ylim(*_limits(drawn))
        if place % columns:
            upper[place].tick_params(labelleft=False)
            lower[place].tick_params(labelleft=False)
        else:
            upper[place].set_ylabel("effective weight")
            lower[place].set_ylabel("part of the loss")
    handles = [
        line_handle(term, theme, color=theme.term(number), linestyle=DASHES[number % len(DASHES)])
        for number, term in enumerate(terms)
    ]
    legend(figure, handles, theme, columns=6)
    return figure


def _limits(drawn: list[float]) -> tuple[float, float]:
    """One range for all, with some room: in factors where the axis is logarithmic, which takes positive values."""
    low, high = min(drawn, default=0.0), max(drawn, default=1.0)
    if low > 0.0:
        return low / 1.3, high * 1.3
    room = 0.08 * (high - low) or 1.0
    return low - room, high + room


def _draw_shares(axes: Any, comparison: Comparison, balancer: str, theme: Theme) -> None:
    from matplotlib.ticker import PercentFormatter

    shares = [comparison.share(balancer, term) for term in comparison.terms]
    epochs = [epoch for epoch in range(max(map(len, shares), default=0)) if all(_known(part, epoch) for part in shares)]
    if epochs:
        # One epoch alone is drawn as a block of its width.
        places = [epoch + 1 for epoch in epochs] if len(epochs) > 1 else [0.8, 1.2]
        picked = epochs if len(epochs) > 1 else epochs * 2
        axes.stackplot(
            places,
            [[part[epoch] for epoch in picked] for part in shares],
            colors=[theme.term(number) for number in range(len(shares))],
            edgecolor=theme.ground,
            linewidth=0.8,
        )
    axes.set_ylim(0.0, 1.0)
    axes.yaxis.set_major_formatter(PercentFormatter(xmax=1.0))


def _known(part: list[float | None], epoch: int) -> bool:
    return epoch < len(part) and part[epoch] is not None
