"""What a change of a metric counts."""

import math

import pytest

import multiloss as ml

pytestmark = pytest.mark.one_backend


def test_a_unit_says_what_is_worth_one():
    assert ml.Score("min", unit=10.0).change(12.0, 32.0) == pytest.approx(2.0)
    assert ml.Score("max", unit=0.01).change(0.70, 0.75) == pytest.approx(-5.0)
    assert ml.Score("min", unit=10.0).change(5.0, 0.0) == pytest.approx(-0.5)  # a baseline of 0 has a size then


def test_an_ideal_counts_the_part_of_the_way_that_is_left():
    auc = ml.Score("max", ideal=1.0)
    assert auc.change(0.75, 0.5) == pytest.approx(0.5)
    assert auc.change(0.25, 0.5) == pytest.approx(-0.5)
    assert auc.change(1.0, 0.554) == pytest.approx(1.0)
    # The same as the relative change of the error 1 - AUC, with lower better.
    assert auc.change(0.582, 0.554) == pytest.approx(ml.Score("min").change(1 - 0.582, 1 - 0.554))
    assert ml.Score("min", ideal=0.0).change(3.0, 2.0) == pytest.approx(ml.Score("min").change(3.0, 2.0))
    assert auc.change(0.9, 1.0) is None  # nothing was left


def test_without_either_the_change_is_relative_to_the_baseline():
    assert ml.Score("max").change(0.75, 0.5) == pytest.approx(0.5)
    assert ml.Score("max").change(-1.0, -2.0) == pytest.approx(0.5)
    assert ml.Score("max").change(0.2, 0.0) is None


@pytest.mark.parametrize("score", [ml.Score("max"), ml.Score("min", unit=2.0), ml.Score("max", ideal=1.0)])
def test_what_is_missing_has_no_change_and_what_is_equal_none(score):
    assert score.change(None, 1.0) is None
    assert score.change(1.0, None) is None
    assert score.change(1.0, 1.0) == 0.0
    assert ml.Score.read(score.to_plain()) == score


@pytest.mark.parametrize(
    ("given", "more", "message"),
    [
        ("up", {}, "direction of a score"),
        (["max"], {}, "direction of a score"),
        ("max", {"unit": 0.0}, "above 0"),
        ("max", {"unit": math.inf}, "finite number"),
        ("max", {"ideal": "1"}, "finite number"),
        ("max", {"unit": 1.0, "ideal": 1.0}, "in a unit, or as a part of the way"),
    ],
)
def test_what_is_no_score_is_refused(given, more, message):
    with pytest.raises(ValueError, match=message):
        ml.Score(given, **more)
