"""Values from the mission, from papers, and from other libraries' functions."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import ops
from scipy import ndimage, spatial
from sklearn import metrics

import multiloss as ml


def call(loss, y_true, y_pred):
    return ops.convert_to_numpy(loss.call(ops.convert_to_tensor(y_true), ops.convert_to_tensor(y_pred)))


RNG = np.random.default_rng(3)


def test_circular_of_use_case_15():
    loss = ml.losses.Circular()
    y_true, y_pred = np.array([0.5, 1.2], "float32"), np.array([0.6, 1.0], "float32")
    assert float(loss(y_true, y_pred)) == pytest.approx(0.01246464, abs=1e-6)
    assert float(loss(y_true[:, None], y_pred[:, None])) == pytest.approx(0.01246464, abs=1e-6)


@pytest.mark.parametrize("turns", [-3, 1, 2])
def test_circular_does_not_count_turns(turns):
    y_true, y_pred = RNG.uniform(0, 24, (5, 1)), RNG.uniform(0, 24, (5, 1))
    loss = ml.losses.Circular(period=24)
    np.testing.assert_allclose(call(loss, y_true, y_pred + 24 * turns), call(loss, y_true, y_pred), atol=1e-5)


def test_circular_keeps_its_digits_at_small_angles():
    small = np.array([[1e-4]], "float32")
    assert call(ml.losses.Circular(), 0 * small, small)[0] == pytest.approx(5e-9, rel=1e-4)


def test_dice_of_binary_masks_is_scipys():
    first, second = RNG.random((6, 40)) < 0.5, RNG.random((6, 40)) < 0.5
    expected = [spatial.distance.dice(a, b) for a, b in zip(first, second, strict=True)]
    np.testing.assert_allclose(call(ml.losses.Dice(smooth=0.0), first, second.astype("float32")), expected, rtol=1e-6)


def test_dice_of_the_keras_documentation():
    y_true = [[[[1.0], [1.0]], [[0.0], [0.0]]], [[[1.0], [1.0]], [[0.0], [0.0]]]]
    y_pred = [[[[0.0], [1.0]], [[0.0], [1.0]]], [[[0.4], [0.0]], [[0.0], [0.9]]]]
    values = call(ml.losses.Dice(smooth=0.0), np.array(y_true), np.array(y_pred))
    np.testing.assert_allclose(values, [0.5, 0.75757575], rtol=1e-6)


@pytest.mark.parametrize("smooth", [0.0, 1e-5, 0.1])
def test_dice_of_two_empty_masks_is_0(smooth):
    assert call(ml.losses.Dice(smooth=smooth), np.zeros((2, 8, 8, 1), int), np.zeros((2, 8, 8, 1))).tolist() == [0, 0]


def test_dice_means_the_same_at_every_resolution():
    mask, found = RNG.random((2, 6, 6, 1)) < 0.2, RNG.random((2, 6, 6, 1)).astype("float32")
    fine = [np.kron(a, np.ones((1, 3, 3, 1))) for a in (mask, found)]
    loss = ml.losses.Dice(smooth=0.05)
    np.testing.assert_allclose(call(loss, *fine), call(loss, mask, found), rtol=1e-5)


def test_tversky_prices_are_on_the_errors_that_they_name():
    mask, more, less = np.array([[1, 1, 0, 0]]), np.array([[1.0, 1.0, 1.0, 0.0]]), np.array([[1.0, 0.0, 0.0, 0.0]])
    loss = ml.losses.Tversky(alpha=0.1, beta=0.9, smooth=0.0)
    assert call(loss, mask, more)[0] == pytest.approx(0.1 / 2.1)  # one false positive
    assert call(loss, mask, less)[0] == pytest.approx(0.9 / 1.9)  # one false negative
    # The docstring's claim: Keras has them the other way round or, in later releases, as here.
    of_keras = [
        float(keras.losses.tversky(mask.astype("float32"), found.astype("float32"), alpha=0.1, beta=0.9))
        for found in (more, less)
    ]
    as_here, swapped = [0.1 / 2.1, 0.9 / 1.9], [0.9 / 2.9, 0.1 / 1.1]
    assert of_keras in (pytest.approx(as_here, abs=1e-6), pytest.approx(swapped, abs=1e-6))


def test_tversky_with_equal_prices_is_dice():
    mask, found = RNG.random((3, 5, 5)) < 0.4, RNG.random((3, 5, 5))
    expected = call(ml.losses.Dice(), mask, found)
    np.testing.assert_allclose(call(ml.losses.Tversky(0.5, 0.5), mask, found), expected, rtol=1e-5)


def test_focal_losses_of_the_papers_examples():
    # Lin et al., section 3.2: with gamma 2, a sample at p = 0.9 counts 100 times less than in cross-entropy, one at
    # p = 0.968 about 1000 times.
    entropy = ml.losses.BinaryFocal(gamma=0, alpha=None)
    focal = ml.losses.BinaryFocal(gamma=2, alpha=None)
    one, p = np.ones((2, 1)), np.array([[0.9], [0.968]])
    ratio = call(entropy, one, p) / call(focal, one, p)
    np.testing.assert_allclose(ratio, [100, 1 / 0.032**2], rtol=1e-3)


def test_binary_focal_is_keras_where_keras_is_right():
    y_true, y_pred = RNG.integers(0, 2, (5, 4)), RNG.uniform(0.05, 0.95, (5, 4)).astype("float32")
    expected = keras.losses.binary_focal_crossentropy(
        y_true.astype("float32"), y_pred, apply_class_balancing=True, alpha=0.3, gamma=1.5
    )
    values = call(ml.losses.BinaryFocal(1.5, 0.3), y_true, y_pred)
    np.testing.assert_allclose(values, ops.convert_to_numpy(expected), rtol=1e-5)


def test_categorical_focal_is_keras_for_one_number_alpha():
    y_true, y_pred = RNG.integers(0, 3, 5), RNG.uniform(0.05, 0.95, (5, 3)).astype("float32")
    expected = keras.losses.categorical_focal_crossentropy(np.eye(3, dtype="float32")[y_true], y_pred)
    for targets in (y_true, y_true[:, None], np.eye(3)[y_true]):
        values = call(ml.losses.CategoricalFocal(alpha=0.25), targets, y_pred)
        np.testing.assert_allclose(values, ops.convert_to_numpy(expected), rtol=1e-4, atol=1e-7)


def test_very_wrong_logits_cost_in_proportion():
    logits = np.array([[-100.0], [100.0], [-1000.0]], "float32")
    loss = ml.losses.BinaryFocal(alpha=None, from_logits=True)
    np.testing.assert_allclose(call(loss, np.array([[1], [0], [1]]), logits), [100, 100, 1000], rtol=1e-6)
    classes = ml.losses.CategoricalFocal(from_logits=True)
    np.testing.assert_allclose(call(classes, np.array([1]), np.array([[100.0, 0.0, 0.0]], "float32")), [100], rtol=1e-6)
    grades = ml.losses.Ordinal(from_logits=True)
    np.testing.assert_allclose(call(grades, np.array([2]), np.array([[-100.0, -100.0]], "float32")), [200], rtol=1e-6)


def test_quantile_is_scikit_learns():
    y_true, y_pred = RNG.normal(size=(20, 1)), RNG.normal(size=(20, 1))
    expected = metrics.mean_pinball_loss(y_true, y_pred, alpha=0.9)
    assert float(ml.losses.Quantile(0.9)(y_true, y_pred)) == pytest.approx(expected, rel=1e-5)


def test_quantile_is_least_at_the_quantile():
    y_true, candidates = RNG.normal(size=(999, 1)), np.linspace(-2, 2, 161)
    loss = ml.losses.Quantile(0.8)
    costs = [float(loss(y_true, np.full_like(y_true, candidate))) for candidate in candidates]
    assert candidates[np.argmin(costs)] == pytest.approx(np.quantile(y_true, 0.8), abs=0.05)


def test_ordinal_costs_more_the_farther_off():
    confident = np.array([[8.0, -8.0, -8.0]], "float32")  # class 1 of 4
    values = [call(ml.losses.Ordinal(from_logits=True), np.array([grade]), confident)[0] for grade in range(4)]
    assert values[1] < values[0] < values[3]
    assert values[2] < values[3]


def test_distances_are_those_of_every_pixel_pair():
    mask = RNG.random((2, 6, 5, 2)) < 0.5
    distances = ml.losses.distance_map(mask, spacing=(1.0, 2.0))
    points = np.argwhere(np.ones((6, 5))) * (1.0, 2.0)
    for sample, channel in np.ndindex(2, 2):
        inside = mask[sample, ..., channel].ravel()
        to_inside = spatial.distance.cdist(points, points[inside]).min(1)
        to_outside = spatial.distance.cdist(points, points[~inside]).min(1)
        expected = np.where(inside, 1.0 - to_outside, to_inside).reshape(6, 5)
        np.testing.assert_allclose(distances[sample, ..., channel], expected, rtol=1e-6)


def test_distances_of_empty_and_full_masks_are_0():
    masks = np.stack([np.zeros((4, 4, 1)), np.ones((4, 4, 1))])
    assert not ml.losses.distance_map(masks).any()


def test_boundary_prefers_the_nearer_mask():
    mask = np.zeros((1, 16, 16, 1))
    mask[:, 4:10, 4:10] = 1
    distances = ml.losses.distance_map(mask)
    costs = [call(ml.losses.Boundary(), distances, np.roll(mask, shift, 1))[0] for shift in range(4)]
    assert np.all(np.diff(costs) > 0)
    eroded = ndimage.binary_erosion(mask[0, ..., 0])[None, ..., None]
    assert call(ml.losses.Boundary(), distances, eroded.astype(float))[0] == pytest.approx(costs[0])  # the rim is 0


def test_wing_meets_itself_at_its_width():
    below, above = (call(ml.losses.Wing(), np.zeros((1, 1)), np.array([[x]]))[0] for x in (9.9999, 10.0001))
    assert below == pytest.approx(10 * np.log(6), rel=1e-4)
    assert above == pytest.approx(below, rel=1e-4)


def test_scaled_mse_of_empty_targets_is_the_mse():
    values = call(ml.losses.ScaledMSE(), np.zeros((2, 1)), np.array([[1.0], [3.0]]))
    np.testing.assert_allclose(values, [1, 9])


def test_generalized_dice_counts_rare_classes_alike():
    mask = np.zeros((1, 100, 2))
    mask[:, :, 0], mask[:, :2, 0], mask[:, :2, 1] = 1, 0, 1
    lost = np.stack([np.ones((1, 100)), np.zeros((1, 100))], -1)
    assert call(ml.losses.GeneralizedDice(), mask, lost)[0] > 0.9
    assert call(ml.losses.Dice(), mask, lost)[0] < 0.05
