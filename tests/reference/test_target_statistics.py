"""Scales by target statistics against NumPy over all labels that were seen."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from multiloss.scales import MaxAbsTarget, TargetRange, TargetVariance
from multiloss.testing import observe
from scale_runs import follow

STATISTICS = [
    pytest.param(MaxAbsTarget(), lambda values: np.max(np.abs(values)), id="max_abs"),
    pytest.param(TargetRange(), np.ptp, id="range"),
    pytest.param(TargetVariance(), np.var, id="variance"),
]
SCALES = [MaxAbsTarget(), TargetRange(), TargetVariance()]


def in_batches(values, *sizes, **given):
    edges = np.cumsum([0, *sizes])
    return [observe(1.0, targets=values[a:b], **given) for a, b in itertools.pairwise(edges)]


def far(size, seed=0):
    return (300.0 + 40.0 * np.random.default_rng(seed).normal(size=size)).astype("float32")


@pytest.mark.parametrize(("scale", "formula"), STATISTICS)
def test_batches_join_to_the_statistic_of_all_their_labels(scale, formula):
    values = far(60)
    divisors, _ = follow(scale, in_batches(values, 20, 8, 32))
    expected = [formula(values[:seen].astype("float64")) for seen in (20, 28, 60)]
    np.testing.assert_allclose(divisors, expected, rtol=1e-5)


@pytest.mark.parametrize(("scale", "formula"), STATISTICS)
def test_a_few_labels_move_nothing_until_they_are_a_handful(scale, formula):
    values = far(48)
    values[32:40] = 5000.0 + np.arange(8)
    divisors, _ = follow(scale, in_batches(values, 32, 1, 3, 3, 1, 8))
    seen = [32, 32, 32, 32, 40, 48]
    np.testing.assert_allclose(divisors, [formula(values[:n].astype("float64")) for n in seen], rtol=1e-5)


@pytest.mark.parametrize(("scale", "formula"), STATISTICS)
def test_nothing_is_known_before_a_handful_that_differs(scale, formula):
    values = far(8)
    state, known = scale.init(), []
    for observation in in_batches(values, 1, 3, 3, 1):
        _, state = scale.divisor(observation, state)
        known.append(bool(scale.is_known(state)))
    assert known == [False, False, False, True]
    alike = np.full(40, 0.0 if isinstance(scale, MaxAbsTarget) else 1e6 / 3, "float32")
    _, state = follow(scale, in_batches(alike, 20, 20))
    assert not bool(scale.is_known(state))
    _, state = scale.divisor(observe(1.0, targets=values), state)
    assert bool(scale.is_known(state))


@pytest.mark.parametrize(("scale", "formula"), STATISTICS)
@pytest.mark.parametrize("by", ["entry", "sample"])
def test_only_labels_that_count_are_seen(scale, formula, by):
    """Missing ones may hold anything; a mask of samples counts all of their entries; NaN and infinity never count."""
    values = far((20, 3))
    generator = np.random.default_rng(1)
    labelled = (generator.random((20, 3) if by == "entry" else (20, 1)) < 0.7).astype("float32")
    everywhere = np.broadcast_to(labelled, values.shape) > 0
    dirty = np.where(everywhere, values, 1e9).astype("float32")
    dirty[0, 0], dirty[1, 1] = np.nan, np.inf
    everywhere = everywhere & np.isfinite(dirty)
    divisor, _ = scale.divisor(observe(1.0, targets=dirty, labelled=labelled), scale.init())
    assert float(divisor) == pytest.approx(formula(values[everywhere].astype("float64")), rel=1e-5)


@pytest.mark.parametrize(("scale", "formula"), STATISTICS)
def test_integers_and_other_units(scale, formula):
    whole = np.arange(-7, 20)
    divisor, _ = scale.divisor(observe(1.0, targets=whole.astype("int32")), scale.init())
    assert float(divisor) == pytest.approx(formula(whole), rel=1e-5)
    power = 2 if isinstance(scale, TargetVariance) else 1
    for unit in (1e-6, 1e15):
        small, _ = scale.divisor(observe(1.0, targets=(whole * unit).astype("float32")), scale.init())
        assert float(small) == pytest.approx(float(divisor) * unit**power, rel=1e-4)


@pytest.mark.parametrize("scale", SCALES, ids=lambda scale: type(scale).__name__)
def test_evaluation_moves_nothing_and_a_term_without_targets_is_refused(scale):
    divisors, state = follow(scale, in_batches(far(30), 30))
    frozen, after = scale.divisor(observe(1.0, targets=far(9) * 100, training=False), state)
    assert float(frozen) == pytest.approx(divisors[0])
    assert {name: float(value) for name, value in after.items()} == {n: float(v) for n, v in state.items()}
    with pytest.raises(ValueError, match=rf"{type(scale).__name__} needs a term with a target"):
        scale.divisor(observe(1.0), scale.init())


@pytest.mark.parametrize(("scale", "formula"), STATISTICS)
def test_a_pass_counts_the_last_few_too_and_then_nothing_moves(scale, formula):
    values = far(37)
    _, state = follow(scale, in_batches(values, 32, 5))
    state = scale.measured_on_targets(state)
    for observation in in_batches(far(40, seed=2) * 100, 40):
        divisor, state = scale.divisor(observation, state)
        assert float(divisor) == pytest.approx(formula(values.astype("float64")), rel=1e-5)
    with pytest.raises(ValueError, match=r"at least 8 labels.*Received: 5 labels"):
        scale.measured_on_targets(follow(scale, in_batches(values, 5))[1])
