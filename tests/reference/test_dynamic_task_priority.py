"""Dynamic task priority against its formula in NumPy."""

from __future__ import annotations

import numpy as np
import pytest
from loss_histories import Follow

from multiloss.weighting import DynamicTaskPriority

NAMES = ["val_a_accuracy", "val_b_accuracy", "val_c_dice"]


def focal(kpi, gamma, floor):
    return np.maximum(-((1.0 - kpi) ** gamma) * np.log(kpi), floor)


@pytest.mark.parametrize(("gamma", "decay", "floor"), [(1.0, 0.5, 0.01), (2.0, 0.9, 0.05), (0.0, 0.0, 0.001)])
def test_sixty_steps_follow_the_formula_with_terms_absent(gamma, decay, floor):
    rng = np.random.default_rng(0)
    follow = Follow(DynamicTaskPriority(NAMES, gamma, decay=decay, floor=floor, normalize="none"), 3)
    metrics = rng.uniform(0.0, 1.0, size=(12, 3)).astype("float32").astype(float)
    metrics[0] = np.nan
    metrics[:3, 2] = np.nan
    metrics[7, 0], metrics[8, 1] = 0.0, 1.0
    kpi = np.full(3, np.nan)
    for epoch in range(12):
        waits = np.ones(3, bool)
        for step in range(5):
            here = rng.random(3) < 0.7 if step < 4 else np.ones(3, bool)
            value = np.clip(metrics[epoch], 1e-3, 1.0)
            smoothed = np.where(np.isnan(kpi), value, decay * kpi + (1 - decay) * value)
            kpi = np.where(here & waits & ~np.isnan(value), smoothed, kpi)
            waits &= ~here
            known = here & ~np.isnan(kpi)
            expected = focal(kpi, gamma, floor)
            mean = np.mean(expected[known]) if known.any() else 1.0
            expected = np.where(here, np.where(known, expected, mean), 0.0)
            weights = follow(np.ones(3), here, epoch=epoch, monitored=metrics[epoch])
            np.testing.assert_allclose(weights, expected, rtol=1e-4)


def test_nothing_known_is_uniform():
    for read in ({}, {"monitored": [np.nan] * 3}):
        follow = Follow(DynamicTaskPriority(NAMES), 3)
        np.testing.assert_array_equal(follow([1.0, 2.0, 3.0], **read), np.ones(3))


def test_a_value_enters_once_in_an_epoch():
    follow = Follow(DynamicTaskPriority(NAMES[:2], decay=0.5), 2)
    for epoch, value, expected in ((1, 0.2, 0.2), (1, 0.2, 0.2), (2, 0.6, 0.4), (2, 0.6, 0.4), (3, 0.6, 0.5)):
        follow(np.ones(2), epoch=epoch, monitored=[value, 0.9])
        np.testing.assert_allclose(follow.remembered()["kpi"], [expected, 0.9], rtol=1e-6)


def test_a_new_value_enters_where_every_fit_begins_with_epoch_0():
    follow = Follow(DynamicTaskPriority(NAMES[:1], decay=0.5), 1)
    for value, expected in ((0.2, 0.2), (0.6, 0.4)):
        follow(np.ones(1), epoch=0, monitored=[value])
        np.testing.assert_allclose(follow.remembered()["kpi"], [expected], rtol=1e-6)


def test_a_solved_task_keeps_the_floor_and_a_hopeless_one_is_bounded():
    follow = Follow(DynamicTaskPriority(NAMES[:2], floor=0.02, normalize="none"), 2)
    np.testing.assert_allclose(follow(np.ones(2), monitored=[1.0, 0.0]), [0.02, -0.999 * np.log(1e-3)], rtol=1e-5)


def test_it_names_its_logs_and_refuses_another_number_of_terms():
    balancer = DynamicTaskPriority(NAMES)
    assert balancer.monitors(3) == tuple(NAMES)
    for wrong in (balancer, DynamicTaskPriority()):
        with pytest.raises(ValueError, match=r"2 balanced terms.*Received.*order of the terms"):
            wrong.init(2)


@pytest.mark.parametrize(
    "arguments", [{"monitors": "val_accuracy"}, {"gamma": -1.0}, {"decay": 1.0}, {"floor": 0.0}, {"monitors": [1]}]
)
def test_wrong_arguments_are_refused(arguments):
    with pytest.raises(ValueError, match="Received"):
        DynamicTaskPriority(**arguments)
