"""Uncertainty weighting against its formulas in NumPy."""

from __future__ import annotations

import numpy as np
import pytest
from keras import ops

from multiloss import Signals
from multiloss.weighting import Uncertainty


def signals(losses: np.ndarray, present: np.ndarray) -> Signals:
    return Signals(
        losses=ops.convert_to_tensor(losses.astype("float32")), present=ops.convert_to_tensor(present.astype(bool))
    )


@pytest.mark.parametrize(("kind", "factors"), [("regression", [0.5, 0.5, 0.5]), ("classification", [1.0, 1.0, 1.0])])
def test_fifty_steps_follow_the_formulas(kind, factors):
    rng = np.random.default_rng(0)
    balancer = Uncertainty(kind=kind, learning_rate=0.1, clamp=1.5, normalize="none")
    state = balancer.init(3)
    s = np.zeros(3)
    for _ in range(50):
        losses = 10.0 ** rng.uniform(-3, 3, size=3)
        present = rng.random(3) < 0.7
        read = signals(losses * present, present)
        objective = float(balancer.objective(read, state))
        weights, state = balancer.weights(read, state)
        expected = np.array(factors) * np.exp(-s)
        np.testing.assert_allclose(ops.convert_to_numpy(weights), expected * present, rtol=1e-5)
        assert objective == pytest.approx(np.sum((expected * losses + 0.5 * s)[present]), rel=1e-4, abs=1e-4)
        slope = np.clip(0.5 - expected * losses, -5.0, 0.5)
        s = np.where(present, np.clip(s - 0.1 * slope, -1.5, 1.5), s)
        np.testing.assert_allclose(ops.convert_to_numpy(state["log_variance"]), s, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("kind", "factor"), [("regression", 1.0), ("classification", 2.0)])
def test_it_rests_where_the_objective_is_least(kind, factor):
    # d/ds (c exp(-s) L + s / 2) = 0 at exp(s) = 2 c L: the weight is 1 / (2 L) for both kinds.
    balancer = Uncertainty(kind=kind, normalize="none")
    losses = np.array([0.02, 1.0, 300.0])
    state = balancer.init(3)
    for _ in range(400):
        weights, state = balancer.weights(signals(losses, np.ones(3)), state)
    np.testing.assert_allclose(np.exp(ops.convert_to_numpy(state["log_variance"])), factor * losses, rtol=0.02)
    np.testing.assert_allclose(ops.convert_to_numpy(weights), 0.5 / losses, rtol=0.02)


def test_a_loss_of_zero_stops_at_the_clamp():
    balancer = Uncertainty(learning_rate=1.0, clamp=3.0, normalize="none")
    state = balancer.init(1)
    for _ in range(10):
        weights, state = balancer.weights(signals(np.zeros(1), np.ones(1)), state)
    assert float(weights[0]) == pytest.approx(0.5 * np.exp(3.0), rel=1e-5)


def test_one_kind_for_each_term():
    balancer = Uncertainty(kind=["classification", "regression"], normalize="none")
    weights, _ = balancer.weights(signals(np.ones(2), np.ones(2)), balancer.init(2))
    np.testing.assert_allclose(ops.convert_to_numpy(weights), [1.0, 0.5])
    with pytest.raises(ValueError, match="3 balanced terms"):
        balancer.init(3)


@pytest.mark.parametrize("arguments", [{"kind": "mse"}, {"kind": ["regression", 1]}, {"kind": []}, {"kind": None}])
def test_wrong_arguments_are_refused(arguments):
    with pytest.raises(ValueError, match="Received"):
        Uncertainty(**arguments)
