"""The front, its hypervolume and its knee, against results by hand and by counting."""

import itertools

import numpy as np
import pytest

from multiloss.experiments.tuning import hypervolume, knee, non_dominated

pytestmark = pytest.mark.one_backend


def counted(points, reference, samples=200_000):
    """The hypervolume by Monte Carlo: the share of random points that some point dominates."""
    points, reference = np.asarray(points), np.asarray(reference)
    low = points.min(axis=0)
    draws = np.random.default_rng(0).uniform(low, reference, size=(samples, len(reference)))
    covered = np.zeros(samples, bool)
    for point in points:
        covered |= np.all(draws >= point, axis=1)
    return covered.mean() * np.prod(reference - low)


def by_inclusion_and_exclusion(points, reference):
    """Exact for few points: the union of boxes by the sizes of their intersections."""
    points, reference = np.asarray(points), np.asarray(reference)
    total = 0.0
    for count in range(1, len(points) + 1):
        for chosen in itertools.combinations(points, count):
            corner = np.max(chosen, axis=0)
            total += (-1) ** (count + 1) * np.prod(np.maximum(reference - corner, 0.0))
    return total


def test_two_objectives_by_hand():
    # Strips of 1 x 1 and 2 x ... : (4-1)*(4-3) + (4-2)*(3-2) + (4-3)*(2-1) = 3 + 2 + 1.
    assert hypervolume([(1, 3), (2, 2), (3, 1)], (4, 4)) == 6.0
    assert hypervolume([(3, 1), (1, 3), (2, 2), (2, 2), (3, 3)], (4, 4)) == 6.0


def test_three_objectives_by_hand():
    assert hypervolume([(0, 0, 0)], (1, 2, 3)) == 6.0
    # Two boxes of volume 1 x 2 x 2 and 2 x 1 x 2 that share 1 x 1 x 2.
    assert hypervolume([(1, 0, 0), (0, 1, 0)], (2, 2, 2)) == 6.0


@pytest.mark.parametrize("objectives", [1, 2, 3, 4, 5])
def test_any_number_of_objectives_by_inclusion_and_exclusion(objectives):
    points = np.random.default_rng(objectives).uniform(size=(9, objectives))
    reference = np.full(objectives, 0.9)
    assert hypervolume(points, reference) == pytest.approx(by_inclusion_and_exclusion(points, reference))


@pytest.mark.parametrize("objectives", [2, 3, 4])
def test_many_points_by_counting(objectives):
    points = np.random.default_rng(objectives).uniform(size=(30, objectives))
    reference = np.ones(objectives)
    assert hypervolume(points, reference) == pytest.approx(counted(points, reference), abs=0.01)


def test_points_beyond_the_reference_add_nothing():
    assert hypervolume([(5, 0), (0, 5)], (4, 4)) == 0.0
    assert hypervolume([], (4, 4)) == 0.0
    assert hypervolume([(1, 1), (0, 9)], (4, 4)) == 9.0


@pytest.mark.parametrize("points", [[(1.0, 2.0, 3.0)], [(1.0, float("nan"))]])
def test_points_that_do_not_fit_are_refused(points):
    with pytest.raises(ValueError, match="as many objectives"):
        hypervolume(points, (4.0, 4.0))


def test_the_front_holds_what_nothing_dominates():
    points = [(1, 3), (2, 2), (3, 1), (3, 3), (2, 2), (1, 4)]
    assert non_dominated(points) == [0, 1, 2, 4]
    assert non_dominated([(1.0,), (0.0,), (2.0,)]) == [1]


def test_the_knee_is_farthest_from_the_line_between_the_ends():
    points = np.array([(0.0, 10.0), (1.0, 4.0), (2.0, 2.0), (6.0, 1.0), (10.0, 0.0)])
    first, last = points[0], points[-1]
    direction = (last - first) / np.linalg.norm(last - first)
    offsets = points - first
    distances = np.linalg.norm(offsets - np.outer(offsets @ direction, direction), axis=1)
    assert knee(points) == int(np.argmax(distances)) == 2


def test_the_knee_does_not_depend_on_units():
    points = np.array([(0.0, 10.0), (1.0, 4.0), (2.0, 2.0), (6.0, 1.0), (10.0, 0.0)])
    assert knee(points * [1e-6, 1e3] + [5.0, -7.0]) == 2


def test_an_objective_that_does_not_vary_is_left_out():
    assert knee([(0.0, 1.0, 7.0), (0.3, 0.3, 7.0), (1.0, 0.0, 7.0)]) == 1
    assert knee([(2.0, 3.0)]) == 0
