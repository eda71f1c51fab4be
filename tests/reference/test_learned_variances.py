"""The relatives of uncertainty weighting against their formulas in NumPy."""

from __future__ import annotations

import numpy as np
import pytest
from keras import ops
from loss_histories import Follow, random_history
from scipy.optimize import brentq

from backend import double_precision
from multiloss import Signals
from multiloss.weighting import IMTLL, Uncertainty, UncertaintyRegularized

# Weight, objective and slope by the paper's own parameter: c^2 of Liebel and Körner is exp(s); IMTL-L's s is -s here.
PAPERS = {
    UncertaintyRegularized: (
        lambda s, loss: 1.0 / (2.0 * np.exp(s)),
        lambda s, loss: loss / (2.0 * np.exp(s)) + np.log(1.0 + np.exp(s)),
        lambda s, loss: np.exp(s) / (1.0 + np.exp(s)) - loss / (2.0 * np.exp(s)),
    ),
    IMTLL: (
        lambda s, loss: np.exp(-s),
        lambda s, loss: np.exp(-s) * loss + s,
        lambda s, loss: 1.0 - np.exp(-s) * loss,
    ),
}


@pytest.mark.parametrize("cls", PAPERS)
def test_sixty_steps_follow_the_formulas_with_terms_absent(cls):
    weight, objective, slope = PAPERS[cls]
    losses, present = random_history(1, steps=60, num_terms=3)
    follow = Follow(cls(learning_rate=0.1, clamp=1.2, normalize="none"), 3)
    s = np.zeros(3)
    for now, here in zip(losses, present, strict=True):
        value = follow.balancer.objective(follow.signals(now, here), follow.state)
        assert float(value) == pytest.approx(np.sum(objective(s, now)[here]), rel=1e-4, abs=1e-4)
        np.testing.assert_allclose(follow(now, here), weight(s, now) * here, rtol=1e-4)
        step = np.clip(s - 0.1 * np.clip(slope(s, now), -10.0, 1.0), -1.2, 1.2)
        s = np.where(here, step, s)
        np.testing.assert_allclose(follow.remembered()["log_variance"], s, rtol=1e-4, atol=1e-5)
    assert np.abs(s).max() == 1.2


def test_the_regularised_form_rests_where_its_objective_is_least():
    losses = np.array([0.01, 1.0, 50.0])
    follow = Follow(UncertaintyRegularized(learning_rate=0.5, normalize="none"), 3)
    for _ in range(300):
        weights = follow(losses)
    slope = PAPERS[UncertaintyRegularized][2]
    rest = np.array([brentq(slope, -20, 20, args=(loss,)) for loss in losses])
    np.testing.assert_allclose(weights, 0.5 * np.exp(-rest), rtol=1e-3)
    # The limits that the docstring gives.
    assert weights[0] == pytest.approx(1.0 / np.sqrt(2.0 * 0.01), rel=0.1)
    assert weights[2] == pytest.approx(1.0 / 50.0, rel=0.1)


def test_imtl_brings_every_weighted_loss_to_one():
    losses = np.array([0.02, 1.0, 300.0])
    follow = Follow(IMTLL(learning_rate=0.2, normalize="none"), 3)
    for _ in range(200):
        weights = follow(losses)
    np.testing.assert_allclose(weights * losses, np.ones(3), rtol=1e-3)


def test_imtl_is_uncertainty_with_half_the_learning_rate():
    losses, present = random_history(2, steps=30, num_terms=3)
    imtl, uncertainty = Follow(IMTLL(learning_rate=0.1), 3), Follow(Uncertainty(learning_rate=0.2), 3)
    for now, here in zip(losses, present, strict=True):
        np.testing.assert_allclose(imtl(now, here), uncertainty(now, here), rtol=1e-5)


@pytest.mark.parametrize("cls", [Uncertainty, *PAPERS])
def test_zero_and_negative_losses_stop_at_the_clamp(cls):
    follow = Follow(cls(learning_rate=5.0, clamp=3.0), 3)
    for _ in range(400):
        weights = follow([0.0, -1.0, 1.0])
    bound = 3.0 if cls is not UncertaintyRegularized else pytest.approx(3.0, abs=0.3)
    assert -follow.remembered()["log_variance"][0] == bound
    assert -follow.remembered()["log_variance"][1] == 3.0
    assert np.isfinite(weights).all()
    assert weights[0] > 1 > weights[2]


@pytest.mark.parametrize("cls", [Uncertainty, *PAPERS])
@pytest.mark.parametrize("arguments", [{"learning_rate": 0.0}, {"learning_rate": "fast"}, {"clamp": float("inf")}])
def test_wrong_arguments_are_refused(cls, arguments):
    with pytest.raises(ValueError, match="Received"):
        cls(**arguments)


@pytest.mark.parametrize("cls", PAPERS)
def test_losses_in_float64_are_weighed_in_float64(cls):
    balancer = cls(normalize="none")
    with double_precision():
        losses = ops.convert_to_tensor(np.array([1.0, 2.0]))
        signals = Signals(losses=losses, present=ops.convert_to_tensor(np.array([True, True])))
        weights, state = balancer.weights(signals, {"log_variance": ops.convert_to_tensor(np.float32([0.1, -0.2]))})
        expected = PAPERS[cls][0](np.float32([0.1, -0.2]).astype(float), np.array([1.0, 2.0]))
        np.testing.assert_allclose(ops.convert_to_numpy(weights), expected, rtol=1e-14)
        assert ops.convert_to_numpy(state["log_variance"]).dtype == "float32"
