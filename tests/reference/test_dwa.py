"""Dynamic weight averaging against its formulas in NumPy."""

from __future__ import annotations

import numpy as np
import pytest
from loss_histories import Follow, random_history, softmax

from multiloss.weighting import DynamicWeightAverage


def expected_weights(means, present, temperature):
    """K softmax(r / T) over the terms with two means; the mean weight for the others. `means` holds lists."""
    known = [term for term in np.flatnonzero(present) if len(means[term]) >= 2]
    weights = np.where(present, 1.0, 0.0)
    if known:
        ratios = np.array([means[term][-1] / means[term][-2] for term in known])
        weights[known] = len(known) * softmax(ratios / temperature)
    return weights


@pytest.mark.parametrize("temperature", [2.0, 0.3])
def test_epoch_means_follow_the_formula_with_terms_absent(temperature):
    losses, present = random_history(0, steps=72, num_terms=3)
    epochs = np.arange(72) // 6
    present[epochs == 4, 1] = False  # one epoch without a label for it
    follow = Follow(DynamicWeightAverage(temperature=temperature, normalize="none"), 3)
    means, open_windows = [[], [], []], [[], [], []]
    for step in range(72):
        if step and epochs[step] != epochs[step - 1]:
            for term in range(3):
                if open_windows[term]:
                    means[term].append(np.mean(open_windows[term]))
            open_windows = [[], [], []]
        weights = follow(losses[step], present[step], epoch=epochs[step])
        np.testing.assert_allclose(weights, expected_weights(means, present[step], temperature), rtol=1e-4)
        for term in np.flatnonzero(present[step]):
            open_windows[term].append(losses[step, term])
    assert [len(each) for each in means] == [11, 10, 11]


def test_windows_of_steps_count_each_terms_own():
    losses, present = random_history(1, steps=60, num_terms=4)
    follow = Follow(DynamicWeightAverage(window=3, temperature=1.0, normalize="none"), 4)
    seen = [[], [], [], []]
    for step in range(60):
        means = [[np.mean(each[at : at + 3]) for at in range(0, len(each) - 2, 3)] for each in seen]
        weights = follow(losses[step], present[step])
        np.testing.assert_allclose(weights, expected_weights(means, present[step], 1.0), rtol=1e-4)
        for term in np.flatnonzero(present[step]):
            seen[term].append(losses[step, term])


def test_the_first_two_windows_are_uniform():
    follow = Follow(DynamicWeightAverage(), 2)
    weights = [follow([1.0, 0.5 ** (step // 2)], epoch=step // 2) for step in range(6)]
    np.testing.assert_array_equal(weights[:4], np.ones((4, 2)))
    assert weights[4][0] > weights[4][1]


def test_an_epoch_number_that_does_not_begin_with_0_or_jumps_is_an_epoch():
    first, later = Follow(DynamicWeightAverage(), 2), Follow(DynamicWeightAverage(), 2)
    losses = random_history(2, steps=6, num_terms=2)[0]
    for step in range(6):
        weights = first(losses[step], epoch=step // 2)
        np.testing.assert_array_equal(weights, later(losses[step], epoch=(7, 3, 5)[step // 2]))


def test_means_of_zero_and_of_negative_losses_have_no_ratio():
    follow = Follow(DynamicWeightAverage(window=1, temperature=1.0), 3)
    for losses in ([0.0, -1.0, 2.0], [1.0, 5.0, 2.0], [1.0, 1.0, 1.0]):
        weights = follow(losses)
    np.testing.assert_allclose(weights, np.ones(3), rtol=1e-6)


@pytest.mark.parametrize("arguments", [{"window": 0}, {"window": 1.5}, {"temperature": 0.0}])
def test_wrong_arguments_are_refused(arguments):
    with pytest.raises(ValueError, match="Received"):
        DynamicWeightAverage(**arguments)
