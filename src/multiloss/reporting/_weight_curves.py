"""What each balancer did: the effective weights, and how the training loss divides among the terms."""

from __future__ import annotations

from typing import Any

from ..experiments import Comparison
from ._canvas import legend, line_handle, maybe_logarithmic, new_figure, panels, whole_epochs
from ._loss_curves import draw_curve
from ._theme import DASHES, Theme


def draw_weights(comparison: Comparison, theme: Theme) -> Any:
    """Upper row: every term's weight, user's weight, scale and balancer in one; lower row: its part in the sum."""
    terms = comparison.terms
    balancers = [name for name in comparison.balancers if comparison.curve(name, "loss") is not None]
    count = len(balancers)
    figure = new_figure(max(2.9 * count, 5.5), 5.6, theme)
    axes = panels(figure, 2 * count, count, theme, sharex=True, sharey="row")
    upper, lower = axes[:count], axes[count:]
    drawn: list[float] = []
    last = 1
    for place, balancer in enumerate(balancers):
        for number, term in enumerate(terms):
            found = comparison.curve(balancer, f"{term}_weight")
            if found is not None:
                dash = DASHES[number % len(DASHES)]
                colour = theme.term(number)
                drawn += draw_curve(upper[place], found, colour, emphasised=True, linestyle=dash)
                last = max(last, len(found.mean))
        upper[place].set_title(balancer, fontsize=10.5, loc="left", color=theme.ink, fontweight="bold")
        _draw_shares(lower[place], comparison, balancer, theme)
    maybe_logarithmic(upper[0], drawn)
    upper[0].set_ylabel("effective weight")
    lower[0].set_ylabel("part of the loss")
    for place in range(count):
        whole_epochs(lower[place], last)
    handles = [
        line_handle(term, theme, color=theme.term(number), linestyle=DASHES[number % len(DASHES)])
        for number, term in enumerate(terms)
    ]
    legend(figure, handles, theme, columns=6)
    return figure


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
