"""Predicted against true, for outputs that are no pictures."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..experiments import Comparison, Samples
from ._canvas import new_figure, style
from ._reading import is_classes, is_picture, numbers, predicted_classes, target_classes
from ._theme import Theme, balancer_colours

_LARGEST_BUBBLE = 260.0


def draw_scatter(comparison: Comparison, theme: Theme) -> Any:
    """One row an output, one column a balancer: points for numbers, bubbles of counts for classes.

    Returns:
        The figure; None where no output has both targets and predictions.
    """
    samples = comparison.samples
    if samples is None or not samples.predictions:
        return None
    names = _names(samples)
    if not names:
        return None
    colours = balancer_colours(comparison.balancers, comparison.baseline, theme)
    balancers = [balancer for balancer in samples.predictions if balancer in colours]
    figure = new_figure(0.6 + 2.6 * len(balancers), 0.3 + 2.6 * len(names), theme)
    grid = figure.subplots(len(names), len(balancers), squeeze=False, sharex="row", sharey="row")
    for name, line in zip(names, grid, strict=True):
        for balancer, axes in zip(balancers, line, strict=True):
            style(axes, theme)
            _panel(axes, samples.targets[name], samples.predictions[balancer][name], colours[balancer], theme)
            axes.set_title(balancer, fontsize=10.5, loc="left", color=theme.ink, fontweight="bold")
            axes.set_xlabel(f"{name}, true")
        line[0].set_ylabel(f"{name}, predicted")
    return figure


def _names(samples: Samples) -> list[str]:
    found = []
    for name, target in samples.targets.items():
        arrays = [arrays.get(name) for arrays in samples.predictions.values()]
        if is_picture(target) or any(array is None for array in arrays):
            continue
        if all(array is not None and (array.shape == target.shape or is_classes(target, array)) for array in arrays):
            found.append(name)
    return found


def _panel(axes: Any, target: np.ndarray, prediction: np.ndarray, colour: str, theme: Theme) -> None:
    if is_classes(target, prediction):
        _bubbles(axes, target_classes(target, prediction), predicted_classes(prediction), colour, theme)
        return
    true, found = numbers(target).ravel(), numbers(prediction).ravel()
    known = np.isfinite(true) & np.isfinite(found)
    axes.plot(true[known], found[known], "o", color=colour, markersize=4.5, alpha=0.6, markeredgewidth=0)
    if np.any(known):
        ends = [float(true[known].min()), float(true[known].max())]
        axes.plot(ends, ends, color=theme.ink, linewidth=1.0, linestyle="--")


def _bubbles(axes: Any, true: np.ndarray, found: np.ndarray, colour: str, theme: Theme) -> None:
    known = true.ravel() >= 0
    pairs, counts = np.unique(np.stack([true.ravel()[known], found.ravel()[known]]), axis=1, return_counts=True)
    if not counts.size:
        return
    right = pairs[0] == pairs[1]
    sizes = _LARGEST_BUBBLE * counts / counts.max()
    axes.scatter(*pairs[:, right], s=sizes[right], color=colour, alpha=0.85, linewidths=0)
    axes.scatter(*pairs[:, ~right], s=sizes[~right], facecolors="none", edgecolors=theme.bad, linewidths=1.6)
    last = int(pairs.max())
    axes.set_xticks(range(last + 1))
    axes.set_yticks(range(last + 1))
    axes.set_xlim(-0.6, last + 0.6)
    axes.set_ylim(-0.6, last + 0.6)
