"""Budgets: as many epochs, as much time as the baseline, or so many seconds."""

import pytest

from multiloss._core.balancer import Balancer, Needs
from multiloss.experiments import compare
from multiloss.experiments.runs._budget import make_budget


class Never(Balancer):
    """A balancer that cannot be prepared."""

    needs = Needs.LOSSES

    def init(self, num_terms):
        raise RuntimeError("not today")

    def raw_weights(self, signals, state):
        return signals.losses, state


@pytest.mark.parametrize(
    ("budget", "words", "short"),
    [
        ("epochs", "3 epochs", "epochs"),
        ("time", "the time that the baseline takes for 3 epochs", "time"),
        (1.5, "1.5 seconds of training", "1.5"),
        ("20", "20 seconds of training", "20"),
    ],
)
def test_what_a_budget_says(budget, words, short):
    found = make_budget(budget, 3)
    assert (str(found), found.short()) == (words, short)


@pytest.mark.parametrize("budget", ["long", 0, -1.0, "nan", "inf", None, True])
def test_other_budgets_are_refused(budget):
    with pytest.raises(ValueError, match="`budget` must be 'epochs', 'time' or a number of seconds"):
        make_budget(budget, 3)


def test_all_get_the_baseline_s_time(make_problem, as_trained, tmp_path):
    arguments = {
        "balancers": {"pcgrad": "pcgrad", "fixed": None, "again": None},
        "epochs": 8,
        "seeds": 1,
        "budget": "time",
        "tuned_trials": 0,
        "out": tmp_path,
        "verbose": 0,
    }
    found = compare(make_problem(batch_size=4), **arguments)
    runs = {run.balancer: run for run in found.runs}
    assert found.balancers == ["fixed", "pcgrad", "again"]
    assert runs["fixed"].steps == 8 * 13
    for label in ("pcgrad", "again"):
        # It ends with the step in which the time is over, seldom the last one of an epoch.
        assert runs[label].training_seconds >= runs["fixed"].training_seconds
        assert runs[label].steps > 3
        assert set(found.score) <= set(runs[label].metrics)
    assert found.settings["budget"] == "time"
    again = compare(make_problem(batch_size=4), **arguments)
    assert as_trained(again) == as_trained(found)


def test_so_many_seconds(make_problem):
    done = []
    found = compare(
        make_problem(),
        {"fixed": None},
        seeds=1,
        budget=0.1,
        verbose=0,
        on_progress=lambda progress: done.append(progress.done),
    )
    assert found.runs[0].training_seconds >= 0.1
    assert found.runs[0].error is None
    assert max(done) == 1.0
    assert done == sorted(done)


def test_without_a_baseline_there_is_no_time_to_give(make_problem):
    found = compare(
        make_problem(), {"fixed": Never(), "plain": None}, epochs=1, seeds=1, budget="time", tuned_trials=0, verbose=0
    )
    assert "not today" in found.runs[0].error
    assert "fixed, whose time this run was to get" in found.runs[1].error
