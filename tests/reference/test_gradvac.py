"""GradVac against a plain loop over explicit gradients, as the paper's Algorithm 1 has it."""

from __future__ import annotations

import numpy as np
import pytest
from gradient_histories import random_rows
from gradients import lengths
from keras import ops
from loss_histories import Follow

from multiloss.aggregation import GradVac, PCGrad
from multiloss.testing import sample_gradients


class Reference:
    """Vectors, turned one after the other; the targets in a matrix."""

    def __init__(self, num_terms, decay):
        self.targets, self.decay = np.zeros((num_terms, num_terms)), decay

    def update(self, rows, here, orders):
        total = np.zeros(rows.shape[1])
        for index in np.flatnonzero(here):
            turned = rows[index].copy()
            for other in orders[index]:
                if other == index or not here[other]:
                    continue
                cosine = cosine_of(turned, rows[other])
                target = self.targets[index, other]
                if cosine < target:
                    length = np.linalg.norm(turned) / np.linalg.norm(rows[other])
                    across, aside = np.sqrt(max(0.0, 1 - cosine**2)), np.sqrt(1 - target**2)
                    turned = turned + length * (target * across - cosine * aside) / aside * rows[other]
                self.targets[index, other] = self.decay * target + (1 - self.decay) * cosine
            total += turned
        return total


def cosine_of(one: np.ndarray, other: np.ndarray) -> float:
    return float(one @ other / np.linalg.norm(one) / np.linalg.norm(other))


def combined(follow: Follow, rows: np.ndarray, here: np.ndarray, noise: np.ndarray | None) -> np.ndarray:
    gramian = np.where(here[:, None] & here[None, :], rows @ rows.T, np.nan)
    read = {} if noise is None else {"noise": noise}
    return follow(np.ones(len(rows)), here, gramian=gramian, **read) @ rows


@pytest.mark.parametrize("order", ["random", "fixed"])
@pytest.mark.parametrize(("num_terms", "decay"), [(2, 0.5), (3, 0.9), (8, 0.99)])
def test_sixty_steps_follow_the_paper(num_terms, decay, order):
    rng = np.random.default_rng(num_terms)
    follow = Follow(GradVac(order, decay, normalize="none"), num_terms)
    reference = Reference(num_terms, decay)
    for rows in random_rows(num_terms, 60, num_terms):
        here = rng.random(num_terms) < 0.75
        noise = rng.random((num_terms, num_terms)) if order == "random" else None
        orders = np.tile(np.arange(num_terms), (num_terms, 1)) if noise is None else np.argsort(noise, axis=1)
        found = combined(follow, rows, here, noise)
        expected = reference.update(rows, here, orders)
        assert np.linalg.norm(found - expected) < 1e-4 * num_terms * lengths(rows).max()
        np.testing.assert_allclose(follow.remembered()["cosines"], reference.targets, atol=1e-4)
    assert reference.targets.max() > 0.05


@pytest.mark.parametrize("num_terms", [1, 2, 3, 20])
def test_the_first_step_is_that_of_pcgrad(num_terms):
    for sample in sample_gradients(num_terms):
        rows = sample.jacobian
        noise = np.random.default_rng(num_terms).random((num_terms, num_terms))
        read = {"gramian": rows @ rows.T, "noise": noise}
        weights = Follow(GradVac(), num_terms)(np.ones(num_terms), **read)
        others = Follow(PCGrad(), num_terms)(np.ones(num_terms), **read)
        np.testing.assert_allclose(weights, others, rtol=1e-4, atol=1e-4, err_msg=sample.name)


# An exactly opposing gradient is projected to nothing, which has no cosine: the plain formula gives NaN there.
UNDEFINED = ("rank_one", "weakly_stationary")


@pytest.mark.parametrize("num_terms", [2, 3, 8, 20])
def test_on_every_sample_with_targets(num_terms):
    targets = np.random.default_rng(num_terms).uniform(-0.3, 0.6, size=(num_terms, num_terms)).astype("float32")
    for sample in sample_gradients(num_terms):
        rows, here = sample.jacobian, lengths(sample.jacobian) > 0
        follow, reference = Follow(GradVac("fixed", normalize="none"), num_terms), Reference(num_terms, 0.99)
        follow.state, reference.targets = {"cosines": targets}, targets.astype(float)
        weights = follow(np.ones(num_terms), gramian=rows @ rows.T)
        assert np.isfinite(weights).all(), sample.name
        assert np.isfinite(follow.remembered()["cosines"]).all(), sample.name
        if sample.name not in UNDEFINED:
            expected = reference.update(rows, here, np.tile(np.arange(num_terms), (num_terms, 1)))
            longest = max(lengths(rows).max(), np.linalg.norm(expected))
            # In a plane many vectors nearly oppose each other: their sine is the root of a difference of roundings.
            bound = 1e-3 if sample.name == "low_rank" else 1e-4
            assert np.linalg.norm(weights @ rows - expected) < bound * longest, sample.name


def test_what_is_turned_has_the_target_cosine():
    follow = Follow(GradVac("fixed", decay=0.0, normalize="none"), 2)
    alike = np.array([[1.0, 0.0], [0.6, 0.8]])
    combined(follow, alike, np.ones(2, bool), None)
    rows = np.array([[1.0, 0.0], [0.0, 2.0]])
    weights = follow([1.0, 1.0], gramian=rows @ rows.T)
    # g_1' = g_1 + a g_2 and g_2' = g_2 + b g_1, both at the cosine 0.6 of before.
    np.testing.assert_allclose(cosine_of(rows[0] + (weights[1] - 1) * rows[1], rows[1]), 0.6, rtol=1e-5)
    np.testing.assert_allclose(cosine_of(rows[1] + (weights[0] - 1) * rows[0], rows[0]), 0.6, rtol=1e-5)


@pytest.mark.parametrize("num_terms", [2, 20, 40])
def test_targets_of_one_do_not_divide_by_zero(num_terms):
    # The same gradient many times, so that every target is 1; then gradients at right angles.
    follow = Follow(GradVac("fixed", decay=0.0), num_terms)
    follow(np.ones(num_terms), gramian=np.ones((num_terms, num_terms)))
    assert follow.remembered()["cosines"].max() == 1.0
    weights = follow(np.ones(num_terms), gramian=np.eye(num_terms))
    assert np.isfinite(weights).all()
    assert (weights > 0).all()
    assert np.isfinite(follow.remembered()["cosines"]).all()
    if num_terms == 2:
        np.testing.assert_allclose(weights, [1.0, 1.0], rtol=1e-6)


def test_a_gradient_that_is_projected_to_nothing_leaves_its_target():
    follow = Follow(GradVac("fixed", decay=0.5), 3)
    rows = np.array([[1.0, 0.0], [-2.0, 0.0], [0.0, 1.0]])
    follow(np.ones(3), gramian=rows @ rows.T)
    cosines = follow.remembered()["cosines"]
    assert cosines[0, 1] == cosines[1, 0] == -0.5
    # By then nothing is left of the first two: their cosine to the third is none.
    assert cosines[0, 2] == cosines[1, 2] == 0.0


def test_the_targets_of_absent_terms_rest():
    follow = Follow(GradVac("fixed", decay=0.5), 3)
    rows = random_rows(0, 2, 3)
    combined(follow, rows[0], np.ones(3, bool), None)
    before = follow.remembered()["cosines"]
    combined(follow, rows[1], np.array([True, False, True]), None)
    after = follow.remembered()["cosines"]
    np.testing.assert_array_equal(after[1], before[1])
    np.testing.assert_array_equal(after[:, 1], before[:, 1])
    assert after[0, 2] != before[0, 2]


def test_no_noise_is_refused_where_the_order_is_random():
    with pytest.raises(ValueError, match=r"GradVac\(order='random'\)"):
        Follow(GradVac(), 2)([1.0, 1.0], gramian=ops.eye(2))


@pytest.mark.parametrize("arguments", [{"order": "sorted"}, {"decay": 1.0}, {"decay": -0.1}])
def test_wrong_arguments_are_refused(arguments):
    with pytest.raises(ValueError, match="Received"):
        GradVac(**arguments)
