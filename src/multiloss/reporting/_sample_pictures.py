"""A few validation pictures: input, truth, and what each balancer's model says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .._core.wording import number
from ..experiments import Comparison, Samples
from ._canvas import new_figure
from ._reading import as_image, first_picture, is_classes, is_picture, numbers, predicted_classes, target_classes
from ._theme import Theme

# Inches.
_SIDE = 1.5
_GAP = 0.1
_LINE = 0.17
_TITLES = 1.15
_MOST_ROWS_AT_FULL_WIDTH = 8
_ENTRIES_SHOWN = 3


@dataclass(frozen=True)
class _Row:
    """One row of panels: a picture for each sample, or none, and lines of text below it."""

    title: str
    pictures: list[np.ndarray] | None
    lines: list[list[tuple[str, str]]]  # for each sample: lines of text with their colours
    bounds: list[tuple[float, float]] | None = None

    def height(self) -> float:
        """In inches."""
        text = max((len(lines) for lines in self.lines), default=0)
        return (_SIDE if self.pictures is not None else 0.0) + _LINE * text + _GAP


def draw_pictures(comparison: Comparison, theme: Theme) -> Any:
    """Samples side by side, sources of the answer one below the other.

    Returns:
        The figure; None when the inputs are no pictures or nothing was predicted.
    """
    samples = comparison.samples
    picture = first_picture(samples.inputs) if samples is not None else None
    if samples is None or picture is None or not samples.predictions:
        return None
    rows = [_Row("input", [as_image(entry) for entry in picture], [[] for _ in picture]), *_answers(samples, theme)]
    count = len(picture) if len(rows) <= _MOST_ROWS_AT_FULL_WIDTH else min(len(picture), 4)
    width, height = _TITLES + (_SIDE + _GAP) * count, sum(row.height() for row in rows) + _GAP
    figure = new_figure(width, height, theme, layout="none")
    top = height - _GAP
    for row in rows:
        for place in range(count):
            # Every place in inches: a layout engine would shrink rows with text and rows without unequally.
            box = (_TITLES + (_SIDE + _GAP) * place, top - _SIDE, _SIDE, _SIDE)
            _panel(figure, [part / (width, height)[side % 2] for side, part in enumerate(box)], row, place, theme)
        middle = top - (_SIDE if row.pictures is not None else row.height() - _GAP) / 2
        figure.text(
            (_TITLES - _GAP) / width,
            middle / height,
            row.title,
            ha="right",
            va="center",
            fontsize=10,
            color=theme.ink,
            fontweight="bold",
        )
        top -= row.height()
    return figure


def _answers(samples: Samples, theme: Theme) -> list[_Row]:
    first = next(iter(samples.predictions.values()))
    displayed = [name for name, array in first.items() if is_picture(array)]
    written = [name for name, array in first.items() if not is_picture(array) and name in samples.targets]
    count = len(next(iter(samples.inputs.values())))
    rows = []
    for name in displayed or [""]:
        prefix = f"{name}\n" if len(displayed) > 1 else ""
        # The text is the same below every picture of a balancer: once is enough.
        texts = written if name == (displayed or [""])[-1] else []
        true, bounds = _true_pictures(samples, name)
        if true is not None or texts:
            lines = [[(_true_text(samples, key, place), theme.ink) for key in texts] for place in range(count)]
            rows.append(_Row(f"{prefix}truth", true, lines, bounds))
        for balancer, arrays in samples.predictions.items():
            pictures = _predicted_pictures(samples, balancer, name) if name else None
            lines = [[_predicted_text(samples, balancer, key, place, theme) for key in texts] for place in range(count)]
            if pictures is not None or any(lines):
                rows.append(_Row(f"{prefix}{balancer}" if arrays else balancer, pictures, lines, bounds))
    return rows


def _true_pictures(samples: Samples, name: str) -> tuple[list[np.ndarray] | None, list[tuple[float, float]] | None]:
    if name not in samples.targets:
        return None, None
    target, prediction = samples.targets[name], next(iter(samples.predictions.values()))[name]
    if is_classes(target, prediction):
        return list(target_classes(target, prediction)), [(0, prediction.shape[-1] - 1)] * len(target)
    bounds = [(float(np.nanmin(entry)), float(np.nanmax(entry))) for entry in target]
    return [as_image(entry) for entry in target], [
        (min(low, 0.0), max(high, 1.0)) if low >= 0.0 and high <= 1.0 else (low, high) for low, high in bounds
    ]


def _predicted_pictures(samples: Samples, balancer: str, name: str) -> list[np.ndarray] | None:
    prediction = samples.predictions[balancer].get(name)
    if prediction is None:
        return None
    target = samples.targets.get(name)
    if target is not None and is_classes(target, prediction):
        return list(predicted_classes(prediction))
    return [as_image(entry) for entry in prediction]


def _true_text(samples: Samples, name: str, place: int) -> str:
    target, prediction = samples.targets[name], next(iter(samples.predictions.values()))[name]
    if is_classes(target, prediction):
        found = int(target_classes(target, prediction)[place])
        return f"{name} {found if found >= 0 else 'not given'}"
    return f"{name} {_short(numbers(target)[place])}"


def _predicted_text(samples: Samples, balancer: str, name: str, place: int, theme: Theme) -> tuple[str, str]:
    target, prediction = samples.targets[name], samples.predictions[balancer].get(name)
    if prediction is None:
        return "", theme.ink
    if is_classes(target, prediction):
        true, found = int(target_classes(target, prediction)[place]), int(predicted_classes(prediction)[place])
        if true < 0:
            return f"{name} {found}", theme.ink
        return (f"{name} {found} ✓", theme.good) if true == found else (f"{name} {found} ✗", theme.bad)
    return f"{name} {_short(numbers(prediction)[place])}", theme.ink


def _short(values: np.ndarray) -> str:
    if not np.any(np.isfinite(values)):
        return "not given"
    shown = ", ".join(number(value) for value in values[:_ENTRIES_SHOWN])
    return f"{shown}, ..." if len(values) > _ENTRIES_SHOWN else shown


def _panel(figure: Any, box: list[float], row: _Row, place: int, theme: Theme) -> None:
    axes = figure.add_axes(box)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_facecolor(theme.ground)
    for spine in axes.spines.values():
        spine.set_visible(row.pictures is not None)
        spine.set_color(theme.faint)
    if row.pictures is not None:
        low, high = row.bounds[place] if row.bounds is not None else (None, None)
        colours = "viridis" if row.bounds is not None else "gray"
        axes.imshow(row.pictures[place], cmap=colours, vmin=low, vmax=high, interpolation="nearest")
    for line, (text, colour) in enumerate(row.lines[place]):
        axes.annotate(
            text,
            (0.5, 0.0 if row.pictures is not None else 1.0),
            xycoords="axes fraction",
            xytext=(0, -72 * _LINE * (line + 0.6)),
            textcoords="offset points",
            ha="center",
            va="center",
            fontsize=8.5,
            color=colour,
        )
