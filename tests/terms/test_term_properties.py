"""Whatever stands at a missing label never changes a value or a gradient."""

import numpy as np
import pytest
from evaluation import loss_and_gradient
from hypothesis import given, settings
from hypothesis import strategies as st

import multiloss as ml

LOSSES = ("mse", "mae", "huber", "binary_crossentropy", "cosine_similarity", "soft_dice")


@pytest.mark.parametrize("name", LOSSES)
@settings(derandomize=True, max_examples=8, deadline=None, database=None)
@given(
    seed=st.integers(0, 1000),
    samples=st.sampled_from([1, 4]),
    width=st.sampled_from([1, 3]),
    scale=st.sampled_from([1e-3, 1.0, 1e4]),
    poison=st.sampled_from([np.nan, np.inf, -1e30, 0.0]),
    present=st.floats(0, 1),
)
def test_a_masked_sample_counts_for_nothing(name, seed, samples, width, scale, poison, present):
    generator = np.random.default_rng(seed)
    bounded = name in ("binary_crossentropy", "soft_dice")
    predicted = (
        generator.uniform(0.1, 0.9, (samples, width)) if bounded else scale * generator.normal(size=(samples, width))
    )
    target = generator.integers(0, 2, (samples, width)) if bounded else scale * generator.normal(size=(samples, width))
    predicted, target = predicted.astype("float32"), target.astype("float32")
    seen = generator.uniform(size=samples) < present
    spoilt = np.where(seen[:, None], target, np.float32(poison))
    term = ml.Term(name, mask="seen")
    value, gradient = loss_and_gradient(term, spoilt, predicted, extra={"seen": seen})
    np.testing.assert_array_equal(gradient[~seen], 0.0)
    if not seen.any():
        assert value == 0.0
        return
    alone, gradient_alone = loss_and_gradient(ml.Term(name), target[seen], predicted[seen])
    assert value == pytest.approx(alone, rel=2e-5, abs=1e-7)
    largest = float(np.abs(gradient_alone).max())
    # A direction in one dimension has the gradient 0, up to the rounding of what cancels.
    cancelled = abs(alone) / float(np.linalg.norm(predicted[seen], axis=1).min())
    np.testing.assert_allclose(gradient[seen], gradient_alone, rtol=2e-4, atol=max(1e-5 * largest, 5e-6 * cancelled))


@settings(derandomize=True, max_examples=12, deadline=None, database=None)
@given(seed=st.integers(0, 1000), scale=st.sampled_from([1e-4, 1.0, 1e4]))
def test_single_missing_entries_count_for_nothing(seed, scale):
    generator = np.random.default_rng(seed)
    predicted, target = (scale * generator.normal(size=(2, 4, 3))).astype("float32")
    seen = generator.uniform(size=(4, 3)) < 0.6
    seen[0, 0] = True
    spoilt = np.where(seen, target, np.float32(np.nan))
    value, gradient = loss_and_gradient(ml.Term("mse", missing="nan"), spoilt, predicted)
    difference = np.where(seen, predicted - target, 0.0).astype("float64")
    assert value == pytest.approx((difference**2).sum() / seen.sum(), rel=1e-5)
    np.testing.assert_allclose(gradient, 2 * difference / seen.sum(), rtol=1e-4, atol=1e-6 * scale)


@settings(derandomize=True, max_examples=12, deadline=None, database=None)
@given(seed=st.integers(0, 1000), share=st.floats(0, 1), scale=st.sampled_from([1e-4, 1.0, 1e4]))
def test_sample_mean_is_the_mean_of_the_labelled_samples_alone(seed, share, scale):
    """Each labelled sample counts as its own `nanmean`, whatever stands at the others, in value and gradient."""
    generator = np.random.default_rng(seed)
    predicted, target = (scale * generator.normal(size=(2, 4, 3))).astype("float32")
    seen = generator.uniform(size=(4, 3)) < share
    spoilt = np.where(seen, target, np.float32(np.nan))
    term = ml.Term("mse", missing="nan", reduction="sample_mean")
    value, gradient = loss_and_gradient(term, spoilt, predicted)
    difference = np.where(seen, predicted - target, 0.0).astype("float64")
    counts = np.maximum(seen.sum(axis=1, keepdims=True), 1)
    samples = max(int(seen.any(axis=1).sum()), 1)
    assert value == pytest.approx((difference**2 / counts).sum() / samples, rel=1e-5)
    np.testing.assert_allclose(gradient, 2 * difference / counts / samples, rtol=1e-4, atol=1e-6 * scale)
