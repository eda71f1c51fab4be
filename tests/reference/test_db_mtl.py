"""DB-MTL against explicit gradients of log-losses, stretched to the length of the longest."""

from __future__ import annotations

import numpy as np
import pytest
from keras import ops
from loss_histories import Follow

from multiloss.aggregation import DBMTL, aggregate
from multiloss.testing import sample_gradients


def balanced(rows: np.ndarray, losses: np.ndarray) -> np.ndarray:
    slopes = rows / losses[:, None]
    lengths = np.linalg.norm(slopes, axis=1)
    return np.sum(lengths.max() / lengths[:, None] * slopes, axis=0)


@pytest.mark.parametrize("num_terms", [1, 2, 3, 20])
def test_on_every_sample(num_terms):
    for sample in sample_gradients(num_terms):
        rows, here = sample.jacobian, np.linalg.norm(sample.jacobian, axis=1) > 0
        if not here.any():
            continue
        losses = 10.0 ** np.random.default_rng(num_terms).uniform(-3, 3, size=num_terms)
        # A power of two brings the tiny and the huge rows where their squares are float32 numbers.
        rows = rows * 2.0 ** -np.round(np.log2(np.abs(rows).max()))
        found = ops.convert_to_numpy(aggregate(rows.astype("float32"), DBMTL(normalize="none"), losses=losses))
        expected = balanced(rows[here], losses[here])
        longest = (np.linalg.norm(rows, axis=1) / losses)[here].max()
        np.testing.assert_allclose(found, expected, atol=1e-5 * num_terms * longest, err_msg=sample.name)


def test_sixty_steps_with_absent_terms():
    rng = np.random.default_rng(0)
    published, normalised = (Follow(DBMTL(normalize=mode), 4) for mode in ("none", "sum_to_k"))
    for _ in range(60):
        losses, norms = 10.0 ** rng.uniform(-2, 2, size=(2, 4))
        here = rng.random(4) < 0.7
        weights = published(losses, here, norms=np.where(here, norms, np.nan))
        shares = normalised(losses, here, norms=np.where(here, norms, np.nan))
        if here.any():
            slopes = np.where(here, norms / losses, 0.0)
            np.testing.assert_allclose(weights[here] * norms[here], slopes.max(), rtol=1e-5)
            inverse = np.where(here, 1.0 / norms, 0.0)
            np.testing.assert_allclose(shares, inverse / inverse.sum() * here.sum(), rtol=1e-5)
        assert not weights[~here].any()


def test_the_weights_are_not_ones():
    # A common re-implementation reports ones, whatever it does.
    weights = Follow(DBMTL(), 2)([1.0, 1.0], norms=[1.0, 3.0])
    np.testing.assert_allclose(weights, [1.5, 0.5], rtol=1e-6)


@pytest.mark.parametrize("bad", [0.0, -2.0])
def test_a_loss_without_logarithm_is_left_out_of_the_length(bad):
    weights = Follow(DBMTL(normalize="none"), 2)([bad, 2.0], norms=[8.0, 1.0])
    np.testing.assert_allclose(weights, [0.5 / 8.0, 0.5], rtol=1e-6)
    weights = Follow(DBMTL(normalize="none"), 2)([bad, bad], norms=[8.0, 1.0])
    np.testing.assert_allclose(weights, [1.0, 8.0], rtol=1e-6)
