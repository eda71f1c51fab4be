"""Learning-rate annealing against its recursion in NumPy, and against what other forms of it get wrong."""

from __future__ import annotations

import numpy as np
import pytest
from gradient_histories import random_norms
from loss_histories import Follow, random_history

from multiloss.aggregation import LearningRateAnnealing


@pytest.mark.parametrize("decay", [0.9, 0.5, 0.0])
@pytest.mark.parametrize("reference", [0, 2])
def test_sixty_steps_follow_the_recursion(reference, decay):
    losses, present = random_history(2, steps=60, num_terms=4)
    norms = random_norms(2, 60, 4)
    follow = Follow(LearningRateAnnealing(reference, decay, max_weight=20.0, normalize="none"), 4)
    expected = np.ones(4)
    for now, here, lengths in zip(losses, present, norms, strict=True):
        weights = follow(now, here, norms=np.where(here, lengths, np.nan))
        for index in range(4):
            if here[index] and here[reference] and index != reference:
                ratio = min(lengths[reference] / lengths[index], 20.0)
                expected[index] = decay * expected[index] + (1 - decay) * ratio
        np.testing.assert_allclose(weights, np.where(here, expected, 0.0), rtol=1e-4)
        # The reference has no average of its own: its weight is 1, not on the way to it.
        assert weights[reference] == float(here[reference])
    assert np.ptp(expected) > 0.5


def test_the_norms_become_those_of_the_reference():
    # With the norms of the weighed terms in the denominator, as in the official code, this settles at the root, 10.
    follow = Follow(LearningRateAnnealing(normalize="none"), 2)
    for _ in range(100):
        weights = follow([1.0, 1.0], norms=[100.0, 1.0])
    np.testing.assert_allclose(weights, [1.0, 100.0], rtol=1e-3)


def test_a_vanishing_gradient_is_bounded():
    follow = Follow(LearningRateAnnealing(decay=0.0, max_weight=50.0, normalize="none"), 2)
    np.testing.assert_allclose(follow([1.0, 1.0], norms=[1.0, 1e-9]), [1.0, 50.0])


def test_a_term_without_gradient_and_all_without_the_reference_rest():
    follow = Follow(LearningRateAnnealing(), 3)
    follow([1.0, 1.0, 1.0], norms=[4.0, 1.0, 2.0])
    before = follow.remembered()["weights"]
    follow([1.0, 1.0, 1.0], norms=[4.0, 0.0, 1.0])
    after = follow.remembered()["weights"]
    assert after[1] == before[1]
    assert after[2] > before[2]
    follow([0.0, 1.0, 1.0], [False, True, True], norms=[np.nan, 1.0, 5.0])
    np.testing.assert_array_equal(follow.remembered()["weights"], after)


@pytest.mark.parametrize(
    "arguments", [{"reference": -1}, {"reference": "pde"}, {"reference": True}, {"decay": 1.0}, {"max_weight": 0.5}]
)
def test_wrong_arguments_are_refused(arguments):
    with pytest.raises(ValueError, match="Received"):
        LearningRateAnnealing(**arguments)


def test_a_reference_that_is_no_term_is_refused_before_training():
    with pytest.raises(ValueError, match=r"2 balanced terms.*Received: 2"):
        LearningRateAnnealing(reference=2).init(2)
