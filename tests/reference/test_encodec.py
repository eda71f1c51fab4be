"""The balancer of EnCodec against the running mean of its official code, and the shares that it promises."""

from __future__ import annotations

import numpy as np
import pytest
from gradient_histories import random_norms
from loss_histories import Follow, random_history

from multiloss.aggregation import EncodecBalancer, aggregate


class Reference:
    """Sums of norms and of their weights, both decaying; each term with its own."""

    def __init__(self, preferences, decay):
        self.preferences, self.decay = np.array(preferences), decay
        self.total, self.fix = np.zeros(len(preferences)), np.zeros(len(preferences))

    def weights(self, norms, here):
        self.total[here] = self.total[here] * self.decay + norms[here]
        self.fix[here] = self.fix[here] * self.decay + 1.0
        weights = np.zeros(len(norms))
        share = self.preferences[here] / self.preferences[here].sum()
        weights[here] = share / (self.total[here] / self.fix[here])
        return weights


@pytest.mark.parametrize("decay", [0.999, 0.7, 0.0])
@pytest.mark.parametrize("preferences", [None, [1.0, 30.0, 0.5]])
def test_sixty_steps_follow_the_official_code(preferences, decay):
    losses, present = random_history(1, steps=60, num_terms=3)
    norms = random_norms(1, 60, 3)
    follow = Follow(EncodecBalancer(preferences, decay, normalize="none"), 3)
    reference = Reference(preferences or [1.0] * 3, decay)
    for now, here, lengths in zip(losses, present, norms, strict=True):
        weights = follow(now, here, norms=np.where(here, lengths, np.nan))
        np.testing.assert_allclose(weights, reference.weights(lengths, here), rtol=1e-4)


def test_the_shares_of_the_update_are_the_preferences():
    rows = np.diag([100.0, 1e-3, 2.0]).astype("float32")
    vector = np.asarray(aggregate(rows, EncodecBalancer([1.0, 2.0, 5.0], normalize="none")))
    np.testing.assert_allclose(vector, [0.125, 0.25, 0.625], rtol=1e-5)


def test_the_current_norm_enters_before_the_mean_is_used():
    follow = Follow(EncodecBalancer(decay=0.5, normalize="none"), 2)
    np.testing.assert_allclose(follow([1.0, 1.0], norms=[4.0, 1.0]), [0.125, 0.5], rtol=1e-6)
    # (0.5 x 4 + 1 x 1) / 1.5 = 2
    np.testing.assert_allclose(follow([1.0, 1.0], norms=[1.0, 1.0]), [0.25, 0.5], rtol=1e-6)


def test_a_long_mean_keeps_its_digits():
    follow = Follow(EncodecBalancer(decay=0.9999, normalize="none"), 2)
    for _ in range(60):
        weights = follow([1.0, 1.0], norms=[3.0, 3e-7])
    np.testing.assert_allclose(weights, [0.5 / 3.0, 0.5 / 3e-7], rtol=1e-4)


@pytest.mark.parametrize(
    "arguments", [{"preferences": [1.0, 0.0]}, {"preferences": []}, {"preferences": 2.0}, {"decay": 1.0}]
)
def test_wrong_arguments_are_refused(arguments):
    with pytest.raises(ValueError, match="Received"):
        EncodecBalancer(**arguments)


def test_one_preference_for_each_term():
    with pytest.raises(ValueError, match="3 balanced terms"):
        EncodecBalancer([1.0, 2.0]).init(3)
