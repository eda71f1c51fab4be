"""PCGrad against a plain loop over explicit gradients, as the paper's Algorithm 1 has it."""

from __future__ import annotations

import numpy as np
import pytest
from gradients import lengths
from keras import ops

from multiloss import Signals
from multiloss.aggregation import PCGrad, aggregate
from multiloss.testing import sample_gradients


def surgery(rows: np.ndarray, orders: list[list[int]]) -> np.ndarray:
    total = np.zeros(rows.shape[1])
    for index, order in enumerate(orders):
        gradient = rows[index].copy()
        for other in order:
            if other != index and (product := gradient @ rows[other]) < 0:
                gradient -= product / (rows[other] @ rows[other]) * rows[other]
        total += gradient
    return total


def combined(rows: np.ndarray, balancer: PCGrad, noise: np.ndarray | None) -> np.ndarray:
    signals = Signals(
        losses=ops.ones((len(rows),)),
        present=ops.ones((len(rows),), dtype="bool"),
        gramian=ops.convert_to_tensor((rows @ rows.T).astype("float32")),
        noise=None if noise is None else ops.convert_to_tensor(noise.astype("float32")),
    )
    weights, _ = balancer.weights(signals, {})
    return ops.convert_to_numpy(weights).astype(float) @ rows


@pytest.mark.parametrize("num_terms", [2, 3, 8, 20])
@pytest.mark.parametrize("seed", range(3))
def test_random_order_follows_the_noise(num_terms, seed):
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(num_terms, 12)) - 0.5 * rng.normal(size=12)
    noise = rng.random((num_terms, num_terms))
    expected = surgery(rows, np.argsort(noise, axis=1).tolist())
    found = combined(rows, PCGrad(normalize="none"), noise)
    np.testing.assert_allclose(found, expected, atol=2e-5 * np.abs(expected).max() + 2e-5)


@pytest.mark.parametrize("num_terms", [2, 3, 6])
def test_fixed_order_on_every_sample(num_terms):
    for sample in sample_gradients(num_terms):
        rows = sample.jacobian
        present = lengths(rows) > 0
        expected = surgery(rows[present], [list(range(present.sum()))] * int(present.sum()))
        error = combined(rows, PCGrad(order="fixed", normalize="none"), None) - expected
        # An exact tie (opposing or dependent rows) may fall either way in float32, by a product of about 0.
        assert np.linalg.norm(error) < 1e-4 * lengths(rows).max(), sample.name


def test_a_gradient_is_never_projected_on_itself():
    # Projected first on the second row, the first one has a negative product with its own original.
    rows = np.array([[1.0, 0.1], [-1.0, 0.0]])
    np.testing.assert_allclose(
        combined(rows, PCGrad(order="fixed", normalize="none"), None), surgery(rows, [[1], [0]]), atol=1e-5
    )


def test_the_seed_decides_the_order():
    rows = np.random.default_rng(3).normal(size=(6, 4)).astype("float32")
    rows -= 0.9 * rows.mean(axis=0)
    first, again, other = (ops.convert_to_numpy(aggregate(rows, "pcgrad", seed=seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 1e-3
