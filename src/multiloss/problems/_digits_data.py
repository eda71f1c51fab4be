"""Scenes made from scikit-learn's handwritten digits: placed, rotated and partly covered, with what is to be found."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .._core.errors import invalid
from .._core.optional import require

CANVAS = 28  # pixels a side
LARGEST_ANGLE = 60.0  # degrees either way: beyond, a 6 turns into a 9
GREY_LEVELS = 16.0  # of the 8 x 8 sources
INK = 0.25  # a pixel counts as ink above this share of full black
MAGNIFICATION = 2.0  # canvas pixels for each source pixel
MISSING_LABEL = -1


@dataclass(frozen=True)
class Scenes:
    """Pictures with what is to be found in them; N scenes, each from another handwritten digit.

    Attributes:
        image: `(N, 28, 28, 1)` float32, 0 (paper) to 1 (ink), with noise and a grey cover.
        mask: `(N, 28, 28, 1)` float32, 1 where ink is visible.
        label: `(N, 1)` int32, the digit; -1 where missing.
        angle: `(N, 1)` float32, degrees in [-60, 60], positive counter-clockwise as shown; NaN where missing.
        ink: `(N, 1)` float32, visible ink in grey levels of the 8 x 8 source (about 100 to 400); NaN where missing.
        source: `(N,)` int, which of the 1,797 digits was placed.
    """

    image: np.ndarray
    mask: np.ndarray
    label: np.ndarray
    angle: np.ndarray
    ink: np.ndarray
    source: np.ndarray

    def inputs_and_targets(self) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """`(x, y)` for `fit`."""
        return self.image, {"mask": self.mask, "label": self.label, "angle": self.angle, "ink": self.ink}


def make_scenes(
    seed: int = 0, missing: float = 0.2, copies: int = 4, validation_share: float = 0.2, limit: int | None = None
) -> tuple[Scenes, Scenes]:
    """Training and validation scenes; a handwritten digit is in one of them only.

    Args:
        seed: of the split, the placement and the missing labels.
        missing: share of the labels, angles and ink amounts that are missing, each chosen alone; masks never are.
        copies: training scenes made from each digit, every one placed anew; in validation each digit stands once.
        validation_share: share of the digits in validation.
        limit: use that many digits only; None uses all 1,797.

    Raises:
        ValueError: for a share outside its range.
        ImportError: without scikit-learn.
    """
    if not 0 <= missing < 1:
        raise invalid("`missing` must be in [0, 1)", received=missing)
    if copies < 1:
        raise invalid("`copies` must be >= 1", received=copies)
    if not 0 < validation_share < 1:
        raise invalid("`validation_share` must be in (0, 1)", received=validation_share)
    datasets = require("sklearn.datasets", extra="demo", purpose="the built-in problem 'digits'")
    bunch = datasets.load_digits()
    generator = np.random.default_rng(seed)
    order = generator.permutation(len(bunch.images))[:limit]
    held_out = max(1, round(validation_share * len(order)))
    if held_out >= len(order):
        raise invalid("`limit` must leave a digit for training and one for validation", received=limit)
    parts = np.tile(order[held_out:], copies), order[:held_out]
    train, validation = (_scenes(bunch.images, bunch.target, part, missing, generator) for part in parts)
    return train, validation


def _scenes(
    images: np.ndarray, digits: np.ndarray, source: np.ndarray, missing: float, generator: np.random.Generator
) -> Scenes:
    angle = generator.uniform(-LARGEST_ANGLE, LARGEST_ANGLE, len(source))
    drawn = [_draw(images[index] / GREY_LEVELS, turn, generator) for index, turn in zip(source, angle, strict=True)]
    image, visible = (np.stack(part).astype("float32")[..., None] for part in zip(*drawn, strict=True))
    ink = visible.sum((1, 2, 3)) * GREY_LEVELS / MAGNIFICATION**2
    label, known = digits[source].astype("int32"), generator.uniform(size=(3, len(source))) >= missing
    return Scenes(
        image=image,
        mask=(visible > INK).astype("float32"),
        label=np.where(known[0], label, MISSING_LABEL).astype("int32")[:, None],
        angle=np.where(known[1], angle, np.nan).astype("float32")[:, None],
        ink=np.where(known[2], ink, np.nan).astype("float32")[:, None],
        source=source,
    )


def _draw(digit: np.ndarray, angle: float, generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A picture, and the ink that is visible in it, both in shares of full black."""
    ink, centre = place(digit, angle, generator.uniform(-3, 3, 2))
    covered = _cover(centre, generator)
    visible = np.where(covered, 0.0, ink)
    shade = generator.uniform(0.2, 0.7)
    picture = np.where(covered, shade, ink) + generator.normal(0, 0.1, ink.shape)
    return np.clip(picture, 0, 1), visible


def place(digit: np.ndarray, angle: float, shift: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Magnifies a digit, turns it counter-clockwise by `angle` degrees and puts it on the canvas.

    Args:
        digit: `(8, 8)`, in [0, 1].
        angle: degrees, positive counter-clockwise as shown (rows run down).
        shift: `(2,)`, pixels down and right of the canvas's middle.

    Returns:
        The canvas `(28, 28)` in [0, 1], and the digit's centre on it `(2,)`.
    """
    ndimage = require("scipy.ndimage", extra="demo", purpose="the built-in problem 'digits'")
    turn = np.deg2rad(angle)
    # Canvas (row, column) to source (row, column): undo the shift, the turn and the magnification.
    to_source = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]]) / MAGNIFICATION
    centre = (CANVAS - 1) / 2 + np.asarray(shift)
    offset = (np.array(digit.shape) - 1) / 2 - to_source @ centre
    canvas = ndimage.affine_transform(digit, to_source, offset, (CANVAS, CANVAS), order=1, mode="grid-constant")
    return np.clip(canvas, 0, 1), centre


def _cover(centre: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """A rectangle of 3 to 7 pixels a side that lies over some part of the digit."""
    height, width = generator.integers(3, 8, 2)
    middle = centre + generator.uniform(-6, 6, 2)
    top, left = np.clip(np.round(middle - (height / 2, width / 2)), 0, CANVAS).astype(int)
    covered = np.zeros((CANVAS, CANVAS), bool)
    covered[top : top + height, left : left + width] = True
    return covered
