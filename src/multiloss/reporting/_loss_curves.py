"""Every term's loss over the epochs, all balancers in one panel."""

from __future__ import annotations

from typing import Any

from ..experiments import Comparison, Curve
from ._canvas import legend, line_handle, maybe_logarithmic, new_figure, panels, whole_epochs
from ._theme import Theme, balancer_colours

COLUMNS = 3


def draw_loss_curves(comparison: Comparison, theme: Theme) -> Any:
    """One panel a term, and one for their sum in validation: means over the seeds, smallest to largest as a band."""
    logs = [(term, f"{term}_loss") for term in comparison.terms] + [("their sum, with your weights alone", "loss")]
    columns = min(COLUMNS, len(logs))
    rows = -(-len(logs) // columns)
    figure = new_figure(3.7 * columns, 0.5 + 2.7 * rows, theme)
    colours = {
        balancer: colour
        for balancer, colour in balancer_colours(comparison.balancers, comparison.baseline, theme).items()
        if comparison.curve(balancer, "loss") is not None
    }
    for axes, (title, log) in zip(panels(figure, len(logs), columns, theme), logs, strict=True):
        displayed = colours if log != "loss" else _with_the_user_s_weights(comparison, colours)
        _panel(axes, comparison, log, displayed, with_training=log != "loss")
        axes.set_title(title, fontsize=10.5, loc="left", color=theme.ink, fontweight="bold")
        axes.set_ylabel("loss" if log != "loss" else "validation loss")
    handles = [line_handle(balancer, theme, color=colour) for balancer, colour in colours.items()]
    handles += [
        line_handle("validation", theme, color=theme.soft),
        line_handle("training", theme, color=theme.soft, linewidth=1.2, linestyle=(0, (2, 2))),
    ]
    legend(figure, handles, theme, columns=6)
    return figure


def _with_the_user_s_weights(comparison: Comparison, colours: dict[str, str]) -> dict[str, str]:
    """Those whose sums can be compared: a contender with weights of its own sums by these."""
    about = comparison.settings.get("balancers", {})
    return {name: colour for name, colour in colours.items() if "loss_weights" not in about.get(name, {})}


def _panel(axes: Any, comparison: Comparison, log: str, colours: dict[str, str], *, with_training: bool) -> None:
    drawn: list[float] = []
    last = 1
    for balancer, colour in colours.items():
        for name, validation in ((f"val_{log}", True), *([(log, False)] if with_training else [])):
            found = comparison.curve(balancer, name)
            if found is None:
                continue
            drawn += draw_curve(axes, found, colour, emphasised=validation)
            last = max(last, len(found.mean))
    maybe_logarithmic(axes, drawn)
    whole_epochs(axes, last)


def draw_curve(axes: Any, found: Curve, colour: str, *, emphasised: bool, linestyle: Any = "-") -> list[float]:
    """Draws the mean, and for an emphasised curve the range over the seeds; gives the values that were drawn."""
    entries = [
        (epoch, mean, low, high)
        for epoch, (mean, low, high) in enumerate(zip(found.mean, found.low, found.high, strict=True), start=1)
        if mean is not None and low is not None and high is not None
    ]
    if not entries:
        return []
    epochs, mean, low, high = zip(*entries, strict=True)
    marker = "o" if len(epochs) == 1 else None
    if emphasised:
        axes.plot(epochs, mean, color=colour, linewidth=2.0, marker=marker, linestyle=linestyle)
        axes.fill_between(epochs, low, high, color=colour, alpha=0.18, linewidth=0)
    else:
        axes.plot(epochs, mean, color=colour, linewidth=1.2, linestyle=(0, (2, 2)), marker=marker, alpha=0.9)
    return [*mean, *low, *high] if emphasised else list(mean)
