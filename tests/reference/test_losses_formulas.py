"""Values against formulas written again in NumPy, gradients against finite differences of those formulas."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import ops
from scipy import special

import multiloss as ml
from multiloss.testing._prediction import LossAtPrediction

RNG = np.random.default_rng(7)
MASKS = (RNG.random((3, 5, 4, 2)) < 0.4).astype(float)
MASKS[1, ..., 0] = 0
SHARES = RNG.uniform(0.05, 0.95, MASKS.shape)
VOLUMES = (RNG.random((2, 4, 3, 5, 1)) < 0.3).astype(float)
VOLUME_SHARES = RNG.uniform(0.05, 0.95, VOLUMES.shape)
LOGITS = RNG.normal(0, 2, MASKS.shape)
ONE_HOT = np.eye(4)[RNG.integers(0, 4, (3, 6))]
CLASS_LOGITS = RNG.normal(size=(3, 6, 4))
REAL = RNG.normal(0, 3, (4, 3)), RNG.normal(0, 3, (4, 3))
DEGREES = RNG.uniform(-400, 400, (4, 3)), RNG.uniform(-400, 400, (4, 3))


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def softmax(x):
    return np.exp(x) / np.exp(x).sum(-1, keepdims=True)


def dice(t, p, axis=None, smooth=1e-5):
    axis = tuple(range(1, p.ndim)) if axis is None else axis
    extra = smooth * np.prod([p.shape[a] for a in axis])
    ratio = 1 - (2 * (t * p).sum(axis) + extra) / (t.sum(axis) + p.sum(axis) + extra)
    return ratio.reshape(len(ratio), -1).mean(1)


def tversky(t, p, alpha, beta, smooth=1e-5):
    axis = tuple(range(1, p.ndim))
    hit, false_positive, false_negative = ((t * p).sum(axis), ((1 - t) * p).sum(axis), (t * (1 - p)).sum(axis))
    extra = smooth * p[0].size / 2
    return 1 - (hit + extra) / (hit + alpha * false_positive + beta * false_negative + extra)


def generalized_dice(t, p):
    values = []
    for sample_t, sample_p in zip(t.reshape(len(t), -1, t.shape[-1]), p.reshape(len(p), -1, p.shape[-1]), strict=True):
        volumes = sample_t.sum(0)
        weights = np.array([1 / v**2 if v else 0 for v in volumes])
        weights[volumes == 0] = weights.max()
        upper = 2 * (weights * (sample_t * sample_p).sum(0)).sum()
        values.append(1 - upper / (weights * (sample_t + sample_p).sum(0)).sum())
    return np.array(values)


def binary_focal(t, p, gamma, alpha):
    yes, no = -((1 - p) ** gamma) * np.log(p), -(p**gamma) * np.log(1 - p)
    return (alpha * t * yes + (1 - alpha) * (1 - t) * no).mean(-1)


def categorical_focal(t, p, gamma, alpha):
    return -(np.asarray(alpha) * t * (1 - p) ** gamma * np.log(p)).sum(-1)


def von_mises(t, p, period, concentration):
    angle = 2 * np.pi * (t - p) / period
    return -(concentration * np.cos(angle) - np.log(2 * np.pi * special.i0(concentration))).mean(-1)


def von_mises_predicted(t, p):
    return von_mises(t, p[..., :3], 360, np.exp(p[..., 3:]))


def wing(t, p, w, c):
    e = np.abs(t - p)
    return np.where(e < w, w * np.log(1 + e / c), e - (w - w * np.log(1 + w / c))).mean(-1)


def pinball(t, p, q):
    e = t - p
    return np.where(e >= 0, q * e, (q - 1) * e).mean(-1)


def ordinal(t, p):
    above = t > np.arange(p.shape[-1])
    return -np.where(above, np.log(p), np.log(1 - p)).sum(-1)


L = ml.losses
CASES = {
    "dice": (L.Dice(), dice, MASKS, SHARES),
    "dice-3d": (L.Dice(), dice, VOLUMES, VOLUME_SHARES),
    "dice-channels": (L.Dice(axis=(1, 2)), lambda t, p: dice(t, p, (1, 2)), MASKS, SHARES),
    "dice-smooth": (L.Dice(smooth=0.1), lambda t, p: dice(t, p, smooth=0.1), MASKS, SHARES),
    "dice-logits": (L.Dice(from_logits=True), lambda t, z: dice(t, sigmoid(z)), MASKS, LOGITS),
    "dice-soft-targets": (L.Dice(), dice, SHARES[::-1].copy(), SHARES),
    "tversky": (L.Tversky(0.2, 0.9), lambda t, p: tversky(t, p, 0.2, 0.9), MASKS, SHARES),
    "focal-tversky": (
        L.FocalTversky(0.2, 0.9, gamma=1.5),
        lambda t, p: tversky(t, p, 0.2, 0.9) ** (1 / 1.5),
        MASKS,
        SHARES,
    ),
    "generalized-dice": (L.GeneralizedDice(smooth=0.0), generalized_dice, MASKS, SHARES),
    "generalized-dice-logits": (
        L.GeneralizedDice(from_logits=True, smooth=0.0),
        lambda t, z: generalized_dice(t, softmax(z)),
        MASKS,
        LOGITS,
    ),
    "binary-focal": (L.BinaryFocal(), lambda t, p: binary_focal(t, p, 2, 0.25), MASKS, SHARES),
    "binary-focal-logits": (
        L.BinaryFocal(1.5, 0.6, from_logits=True),
        lambda t, z: binary_focal(t, sigmoid(z), 1.5, 0.6),
        MASKS,
        LOGITS,
    ),
    "categorical-focal": (
        L.CategoricalFocal(alpha=[1, 2, 3, 4]),
        lambda t, p: categorical_focal(t, p / p.sum(-1, keepdims=True), 2, [1, 2, 3, 4]),
        ONE_HOT,
        softmax(CLASS_LOGITS),
    ),
    "categorical-focal-logits": (
        L.CategoricalFocal(gamma=0.5, from_logits=True),
        lambda t, z: categorical_focal(t, softmax(z), 0.5, 1),
        ONE_HOT,
        CLASS_LOGITS,
    ),
    "boundary": (L.Boundary(), lambda t, p: (t * p).mean((1, 2, 3)), LOGITS, SHARES),
    "circular": (
        L.Circular(period=360),
        lambda t, p: (1 - np.cos(np.deg2rad(t - p))).mean(-1),
        *DEGREES,
    ),
    "von-mises": (
        L.Circular(24, "von_mises", concentration=0.7),
        lambda t, p: von_mises(t, p, 24, 0.7),
        *REAL,
    ),
    "von-mises-predicted": (
        L.Circular(360, "von_mises", concentration=None),
        von_mises_predicted,
        DEGREES[0],
        np.concatenate([DEGREES[1], REAL[0]], -1),
    ),
    "scaled-mse": (L.ScaledMSE(), lambda t, p: ((t - p) ** 2).mean(-1) / np.abs(REAL[0]).max(), *REAL),
    "scaled-mse-columns": (
        L.ScaledMSE([1, 10, 100]),
        lambda t, p: ((t - p) ** 2 / [1, 10, 100]).mean(-1),
        *REAL,
    ),
    "wing": (L.Wing(3.0, 0.5), lambda t, p: wing(t, p, 3.0, 0.5), *REAL),
    "quantile": (L.Quantile(0.8), lambda t, p: pinball(t, p, 0.8), *REAL),
    "quantile-several": (
        L.Quantile([0.1, 0.5, 0.7]),
        lambda t, p: pinball(t, p, np.array([0.1, 0.5, 0.7])),
        REAL[0][:, :1],
        REAL[1],
    ),
    "ordinal": (L.Ordinal(), ordinal, np.array([[0], [1], [3]]), SHARES[:, 0, :3, 0]),
    "ordinal-logits": (
        L.Ordinal(from_logits=True),
        lambda t, z: ordinal(t, sigmoid(z)),
        np.array([[0], [1], [3]]),
        LOGITS[:, 0, :3, 0],
    ),
    "weighted-sum": (
        L.WeightedSum({"focal": L.BinaryFocal(), "dice": L.Dice()}, {"focal": 3.0}),
        lambda t, p: 3 * binary_focal(t, p, 2, 0.25).mean((1, 2)) + dice(t, p),
        MASKS,
        SHARES,
    ),
}


@pytest.mark.parametrize(("loss", "formula", "y_true", "y_pred"), CASES.values(), ids=CASES)
def test_values(loss, formula, y_true, y_pred):
    values = loss.call(ops.convert_to_tensor(y_true), ops.convert_to_tensor(y_pred))
    np.testing.assert_allclose(ops.convert_to_numpy(values), formula(y_true, y_pred), rtol=3e-5, atol=3e-6)


@pytest.mark.skipif(keras.backend.backend() == "jax", reason="JAX computes in float32 unless told otherwise")
@pytest.mark.parametrize(("loss", "formula", "y_true", "y_pred"), CASES.values(), ids=CASES)
def test_values_in_float64(loss, formula, y_true, y_pred):
    values = loss.call(ops.convert_to_tensor(y_true, "float64"), ops.convert_to_tensor(y_pred, "float64"))
    assert keras.backend.standardize_dtype(values.dtype) == "float64"
    digits = 1e-6 if "von_mises" in loss.get_config().values() else 1e-11  # the Bessel function has 7 digits
    np.testing.assert_allclose(ops.convert_to_numpy(values), formula(y_true, y_pred), rtol=digits, atol=digits)


@pytest.mark.parametrize(("loss", "formula", "y_true", "y_pred"), CASES.values(), ids=CASES)
def test_gradients(loss, formula, y_true, y_pred):
    y_pred = y_pred.astype("float32")
    _, gradient = LossAtPrediction(loss, y_pred.shape, reduction="sum")(y_true.astype("float32"), y_pred)
    expected, step = np.zeros(y_pred.shape), 1e-6
    for index in np.ndindex(y_pred.shape):
        moved = np.zeros(y_pred.shape)
        moved[index] = step
        high, low = (formula(y_true, y_pred.astype(float) + sign * moved).sum() for sign in (1, -1))
        expected[index] = (high - low) / (2 * step)
    assert np.abs(expected).max() > 1e-4
    rounding = 2e-7 * np.abs(y_pred).max()  # the gradient is read off a float32 weight of that size
    np.testing.assert_allclose(gradient, expected, rtol=1e-3, atol=2e-5 * np.abs(expected).max() + rounding)


def test_bessel_function_over_its_whole_range():
    from multiloss.losses._circular import log_normalizer

    concentration = np.geomspace(1e-6, 1e6, 200)
    expected = np.log(2 * np.pi) + np.log(special.i0e(concentration))
    received = ops.convert_to_numpy(log_normalizer(ops.convert_to_tensor(concentration, dtype="float32")))
    np.testing.assert_allclose(received, expected, atol=2e-6)
