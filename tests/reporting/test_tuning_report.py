"""The report of a search: one page that needs nothing else, and the same as JSON and CSV."""

import json
import math
import re

import numpy as np
import pytest

from multiloss.experiments import Comparison, Run
from multiloss.experiments.tuning import Candidate, TrialRecord, Tuning
from multiloss.experiments.tuning._objective import TrialObjective
from multiloss.reporting import write_tuning
from multiloss.reporting._theme import LIGHT
from multiloss.reporting._tuning_contour import draw_contour, draw_importance
from multiloss.reporting._tuning_front import draw_front
from multiloss.reporting._tuning_history import draw_history, draw_slices
from multiloss.reporting._tuning_parallel import draw_parallel

pytestmark = pytest.mark.one_backend

SCORE = {"label_accuracy": "max", "size_mae": "min"}
TERMS = ("mask", "<b>label</b>", "size")


def make_trials(pareto, terms, balancers):
    generator = np.random.default_rng(0)
    trials = []
    for number in range(14):
        ratios = [1.0, *(10.0 ** generator.uniform(-3, 1, size=len(terms) - 1))] if number else [1.0] * len(terms)
        weights = {term: len(terms) * ratio / sum(ratios) for term, ratio in zip(terms, ratios, strict=True)}
        gap = abs(math.log10(ratios[-1]) + 2.0)
        metrics = {"label_accuracy": 0.9 / (1.0 + gap), "size_mae": 10.0 / (0.3 + gap)}
        values = tuple(metrics.values()) if pareto else (metrics["label_accuracy"] / 0.3 - 1.0,)
        state = "pruned" if number == 5 else "failed" if number == 6 else "finished"
        balancer = balancers[number % len(balancers)]
        point = Candidate(weights, balancer, {"c": 0.5} if balancer == "cagrad" else {})
        role = "equal weights" if number == 0 else "search"
        error = "term 'size' is <not> finite" if state == "failed" else None
        trials.append(
            TrialRecord(number, role, state, values if state == "finished" else (), point, metrics, 5, 1.5, error)
        )
    return tuple(trials)


def make_tuning(pareto=False, terms=TERMS, balancers=("fixed",), confirmed=True):
    runs = [Run("equal weights", seed, {"label_accuracy": 0.5, "size_mae": 10.0}) for seed in range(3)]
    runs += [Run("found", seed, {"label_accuracy": 0.6 + seed / 100, "size_mae": 9.0 + seed / 10}) for seed in range(3)]
    confirmation = Comparison("digits & co", "equal weights", SCORE, runs, {"seeds": [1, 2, 3]})
    return Tuning(
        problem="digits & co",
        description="Made <by hand>.",
        method="pareto" if pareto else "bayesian",
        objective=TrialObjective(SCORE, pareto),
        trials=make_trials(pareto, terms, balancers),
        baseline="equal weights",
        settings={
            "epochs": 5,
            "sampler": "tpe",
            "ranges": {term: {"low": 1e-3, "high": 10.0, "reference": terms[0]} for term in terms[1:]},
            "versions": {"multiloss": "0.1.0"},
        },
        importance={} if pareto else {f"{terms[-1]}_weight": 0.7, f"{terms[0]}_weight": 0.3},
        importance_method=None if pareto else "fANOVA",
        codes={number: f"trainer = ml.compile(...)  # {number}" for number in range(14)},
        confirmation=confirmation if confirmed else None,
    )


KINDS = {
    "weights": {},
    "pareto": {"pareto": True},
    "balancers": {"balancers": ("fixed", "cagrad"), "terms": TERMS[:2]},
    "unconfirmed": {"confirmed": False},
}


@pytest.mark.parametrize("kind", KINDS)
def test_the_page_needs_nothing_else(tmp_path, kind):
    tuning = make_tuning(**KINDS[kind])
    page = write_tuning(tuning, tmp_path).read_text(encoding="utf-8")
    assert not re.findall(r"(?:src|href)=[\"'](?!data:|https://arxiv\.org)", page)
    assert tuning.headline in page.replace("&#39;", "'")
    assert tuning.code() in page.replace("&#39;", "'")
    assert "<b>label</b>" not in page
    assert "Made &lt;by hand&gt;." in page
    assert "is &lt;not&gt; finite" in page
    assert page.count("<tr class=") >= len(tuning.trials)
    # Every trial's row can be sorted by number.
    rows = re.findall(r'<td data-value="(\d+)">\d+[^<]*</td>\s*<td class="word">', page)
    assert [int(number) for number in rows] == list(range(14))


def test_json_and_csv_hold_the_same(tmp_path):
    tuning = make_tuning()
    write_tuning(tuning, tmp_path)
    stored = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))
    assert stored["headline"] == tuning.headline
    assert len(stored["trials"]) == 14
    assert len((tmp_path / "results.csv").read_text(encoding="utf-8").splitlines()) == 15
    assert Tuning.load(tmp_path).to_dict() == tuning.to_dict()


def test_pictures_of_one_objective():
    tuning = make_tuning()
    assert draw_front(tuning, LIGHT) is None
    history = draw_history(tuning, LIGHT).axes[0]
    assert "per cent" in history.get_ylabel()
    best = next(line for line in history.get_lines() if len(line.get_xdata()) > 2).get_ydata()
    assert list(best) == sorted(best)
    assert best[-1] == pytest.approx(100.0 * tuning.best.values[0])
    assert [axes.get_xlabel() for axes in draw_slices(tuning, LIGHT).axes] == [f"weight of {term}" for term in TERMS]
    assert {draw_contour(tuning, LIGHT).axes[0].get_xlabel(), draw_contour(tuning, LIGHT).axes[0].get_ylabel()} == {
        "weight of size",
        "weight of mask",
    }
    assert len(draw_importance(tuning, LIGHT).axes[0].patches) == 2
    assert len(draw_parallel(tuning, LIGHT).axes[0].get_xticks()) == 4


def test_pictures_of_a_front():
    tuning = make_tuning(pareto=True)
    for draw in (draw_history, draw_slices, draw_contour, draw_parallel, draw_importance):
        assert draw(tuning, LIGHT) is None
    axes = draw_front(tuning, LIGHT).axes[0]
    assert axes.get_xlabel() == "label_accuracy (higher is better)"
    star = axes.collections[-1].get_offsets()[0]
    assert tuple(star) == pytest.approx(tuning.knee.values)


def test_two_weights_tell_one_number_and_get_no_contour():
    assert draw_contour(make_tuning(terms=TERMS[:2]), LIGHT) is None


def test_a_search_without_any_finished_trial_is_still_reported(tmp_path):
    failed = TrialRecord(0, "equal weights", "failed", (), Candidate({"mask": 1.0}), {}, 0, 0.1, "not finite")
    settings = {"epochs": 1, "ranges": {}, "sampler": "tpe"}
    tuning = Tuning("sad", "bayesian", TrialObjective({"a": "max"}), (failed,), "equal weights", settings)
    assert "not finite" in write_tuning(tuning, tmp_path).read_text(encoding="utf-8")
