"""The metrics of the built-in problem, against NumPy."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import ops

from multiloss.problems._metrics import CircularMeanAbsoluteError, MaskOverlap, mask_overlap

RNG = np.random.default_rng(0)
MASKS = (RNG.random((5, 6, 6, 1)) < 0.4).astype("float32"), RNG.random((5, 6, 6, 1)).astype("float32")
ANGLES = RNG.uniform(-200, 200, (5, 1)).astype("float32"), RNG.uniform(-200, 200, (5, 1)).astype("float32")
WEIGHT = np.array([1.0, 0.0, 2.0, 1.0, 0.0], "float32")


def overlaps(y_true, y_pred):
    pairs = zip(y_true > 0.5, y_pred > 0.5, strict=True)
    return np.array([(t & p).sum() / (t | p).sum() for t, p in pairs])


def ways_round(y_true, y_pred):
    difference = np.abs(y_true - y_pred)[:, 0] % 360
    return np.minimum(difference, 360 - difference)


@pytest.mark.parametrize(
    ("metric", "arrays", "expected"),
    [(MaskOverlap(), MASKS, overlaps(*MASKS)), (CircularMeanAbsoluteError(), ANGLES, ways_round(*ANGLES))],
    ids=["overlap", "angle"],
)
def test_values_weights_and_serialization(metric, arrays, expected):
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(metric))
    assert again.get_config() == metric.get_config()
    for made in (metric, again):
        made.update_state(*arrays)
        assert float(made.result()) == pytest.approx(expected.mean(), rel=1e-5)
        made.reset_state()
        made.update_state(*arrays, sample_weight=WEIGHT)
        assert float(made.result()) == pytest.approx(np.average(expected, weights=WEIGHT), rel=1e-5)


def test_two_empty_masks_overlap_wholly():
    assert float(mask_overlap(ops.zeros((1, 4, 4)), ops.zeros((1, 4, 4)))[0]) == 1.0


def test_angles_without_an_axis_do_not_broadcast():
    metric = CircularMeanAbsoluteError(period=24)
    metric.update_state(np.array([23.0, 1.0]), np.array([[1.0], [1.0]]))
    assert float(metric.result()) == pytest.approx(1.0)
