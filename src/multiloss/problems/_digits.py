"""The built-in problem: four terms of four scales on real handwritten digits."""

from __future__ import annotations

from typing import Any

import keras

from ..losses import Circular, Dice
from ..terms import Term
from ._digits_data import CANVAS, LARGEST_ANGLE, MISSING_LABEL, make_scenes
from ._digits_model import build_model
from ._metrics import CircularMeanAbsoluteError, MaskOverlap
from ._problem import Problem
from ._score import Score


def digits(seed: int = 0, missing: float = 0.2, *, copies: int = 4, limit: int | None = None) -> Problem:
    """Handwritten digits, placed, rotated and partly covered: find the ink, the digit, the angle, the amount of ink.

    1,797 real digits of 8 x 8 pixels, each on a canvas of 28 x 28, a fifth of them for validation only. Four outputs,
    four terms: `mask` (where ink is visible, Dice), `label` (0 to 9, cross-entropy), `angle` (degrees, +-60, circular)
    and `ink` (about 100 to 400, squared error): as it stands, the last is thousands of times larger than the others.

    Needs scikit-learn (`multiloss[demo]`); costs a second to make and a few seconds an epoch on a CPU.

    Args:
        seed: of the split, the pictures and the missing labels; not of the model's weights.
        missing: share of labels, angles and ink amounts that are missing, in training and in validation.
        copies: training pictures made from each digit; in validation each stands once.
        limit: use that many digits only, for quick trials.

    Returns:
        The problem, judged by mask overlap, label accuracy, and mean absolute errors of angle and ink.

    Raises:
        ImportError: without scikit-learn.
        ValueError: for shares outside their range.

    Example:
        >>> import multiloss as ml
        >>> sorted(ml.problems.digits(limit=50).new_loss())
        ['angle', 'ink', 'label', 'mask']
    """
    train, validation = make_scenes(seed, missing, copies, limit=limit)
    return Problem(
        name="digits",
        build_model=build_model,
        loss=_loss,
        train=train.inputs_and_targets(),
        validation=validation.inputs_and_targets(),
        metrics=_metrics,
        score={"mask_iou": Score("max", ideal=1.0), "label_accuracy": "max", "angle_mae": "min", "ink_mae": "min"},
        description=(
            f"Real handwritten digits, placed, rotated by up to {LARGEST_ANGLE:.0f} degrees and partly covered on "
            f"{CANVAS} x {CANVAS} pixels: find the visible ink, the digit, the angle and the amount of ink. "
            f"{missing:.0%} of the labels, angles and amounts are missing."
        ),
    )


def _loss() -> dict[str, Any]:
    return {
        "mask": Dice(),
        "label": Term("sparse_categorical_crossentropy", missing=MISSING_LABEL),
        "angle": Term(Circular(period=360.0), missing="nan"),
        "ink": Term("mse", missing="nan"),
    }


def _metrics() -> dict[str, Any]:
    return {
        "mask": MaskOverlap(),
        "label": keras.metrics.SparseCategoricalAccuracy(name="accuracy"),
        "angle": CircularMeanAbsoluteError(period=360.0),
        "ink": keras.metrics.MeanAbsoluteError(name="mae"),
    }
