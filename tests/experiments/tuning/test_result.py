"""The result: confirmed on fresh seeds, in words no stronger than the numbers, stored and read again."""

import csv
import re

import keras
import numpy as np
import pytest

import multiloss as ml
from multiloss.experiments import Comparison, Run
from multiloss.experiments.tuning import Candidate, TrialRecord, Tuning, tune
from multiloss.experiments.tuning import _confirm as confirmation
from multiloss.experiments.tuning._objective import TrialObjective

SCORE = {"label_accuracy": "max", "size_mae": "min"}


def make_comparison(gains, found="found"):
    runs = [Run("equal weights", seed, {"label_accuracy": 0.5, "size_mae": 10.0}) for seed in range(len(gains))]
    for seed, gain in enumerate(gains):
        runs.append(Run(found, seed, {"label_accuracy": 0.5 * (1.0 + gain), "size_mae": 10.0 * (1.0 - gain)}))
    return Comparison("three terms", "equal weights", SCORE, runs, {"seeds": list(range(len(gains)))})


def make_trial(number, value, weights, role="search", **changes):
    state = "finished" if value is not None else "pruned"
    values = () if value is None else (value,)
    return TrialRecord(
        number, role, state, values, Candidate(weights), {"label_accuracy": 0.5, "size_mae": 9.0}, **changes
    )


def make_tuning(gains=None, best=0.5, **changes):
    trials = (
        make_trial(0, 0.0, {"mask": 1.0, "size": 1.0}, "equal weights"),
        make_trial(1, best, {"mask": 1.9, "size": 0.1}),
        make_trial(2, None, {"mask": 0.1, "size": 1.9}),
    )
    arguments = {
        "problem": "three terms",
        "method": "bayesian",
        "objective": TrialObjective(SCORE),
        "trials": trials,
        "baseline": "equal weights",
        "codes": {0: "a", 1: "b", 2: "c"},
        "confirmation": None if gains is None else make_comparison(gains),
    }
    return Tuning(**(arguments | changes))


@pytest.mark.parametrize(
    ("gains", "verdict", "text"),
    [
        (
            [0.10, 0.12, 0.11],
            "better",
            r"The found weights are better than equal weights: \+11\.0 % over 3 fresh seeds \(95 %",
        ),
        ([-0.10, -0.12, -0.11], "worse", r"The found weights are worse than equal weights: −11\.0 %"),
        ([0.10, -0.12, 0.03], "not distinguishable", r"cannot be distinguished from equal weights.*includes no change"),
        ([0.10], "too few seeds", r"one seed says nothing about chance"),
        (None, "not confirmed", r"\+50\.0 % against equal weights\); that was not confirmed"),
    ],
)
def test_the_verdict_is_that_of_the_fresh_seeds(gains, verdict, text):
    tuning = make_tuning(gains)
    assert tuning.verdict == verdict
    assert re.search(text, tuning.headline), tuning.headline
    assert tuning.next_steps


def test_nothing_better_is_said_plainly():
    tuning = make_tuning(best=-0.1)
    assert tuning.verdict == "nothing better"
    assert tuning.headline == "Nothing better than equal weights was found in 3 trials."
    assert tuning.best.role == "equal weights"


def test_without_a_finished_trial_the_first_message_is_told():
    trial = TrialRecord(0, "equal weights", "failed", (), Candidate(), error="term 'size' is not finite")
    tuning = make_tuning(trials=(trial,))
    assert tuning.verdict == "failed"
    assert "term 'size' is not finite" in tuning.headline
    assert tuning.best_weights == {}
    assert tuning.code() == ""
    assert tuning.to_dict()["best"]["trial"] is None


def test_a_weight_at_the_end_of_its_range_is_noticed():
    ranges = {"size": {"low": 0.1 / 1.9, "high": 10.0, "reference": "mask"}}
    assert any("Widen the range of size" in step for step in make_tuning(settings={"ranges": ranges}).next_steps)
    ranges["size"]["low"] = 1e-4
    assert not any("Widen" in step for step in make_tuning(settings={"ranges": ranges}).next_steps)


@pytest.mark.parametrize("gains", [None, [0.1, 0.2, 0.3]])
def test_it_is_stored_and_read_again(tmp_path, gains):
    tuning = make_tuning(gains)
    tuning.save(tmp_path)
    loaded = Tuning.load(tmp_path)
    assert loaded.to_dict() == tuning.to_dict()
    assert loaded.headline == tuning.headline
    assert loaded.code() == "b"
    with (tmp_path / "results.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["trial"] for row in rows] == ["0", "1", "2"]
    assert float(rows[1]["size_weight"]) == 0.1
    assert float(rows[1]["objective:objective"]) == 0.5
    assert rows[2]["objective:objective"] == ""


def test_a_folder_without_a_result_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"results\.json"):
        Tuning.load(tmp_path)
    make_comparison([0.1]).save(tmp_path)
    with pytest.raises(ValueError, match="of `tune`"):
        Tuning.load(tmp_path)


def test_the_front_and_its_knee():
    objective = TrialObjective(SCORE, pareto=True)
    points = [(0.5, 10.0), (0.6, 6.0), (0.8, 9.0), (0.9, 10.0), (0.55, 9.0), (0.4, 5.5)]
    trials = tuple(
        TrialRecord(number, "equal weights" if number == 0 else "x", "finished", values, Candidate({"mask": 1.0}))
        for number, values in enumerate(points)
    )
    tuning = make_tuning(objective=objective, trials=trials)
    assert [trial.number for trial in tuning.front] == [5, 1, 2, 3]
    # Scaled to [0, 1] from best to worst: sums 1.0, 0.6 + 1/9, 0.2 + 7/9, 1.0.
    assert tuning.knee.number == 1
    # Over the box [0.4, 0.9] x [5.5, 10], by strips of rising accuracy.
    strips = (0.6 - 0.4) * (10.0 - 6.0) + (0.8 - 0.6) * (10.0 - 9.0)
    assert tuning.hypervolume == pytest.approx(strips / (0.5 * 4.5))


def test_fresh_seeds_are_trained_and_kept_in_the_study(problem, training, storage, monkeypatch):
    plans = []

    def carry_out(plan, report):
        plans.append(plan)
        return make_comparison([0.1, 0.11, 0.12])

    monkeypatch.setattr(confirmation.Plan, "carry_out", carry_out)
    options = {"trials": 4, "epochs": 2, "confirm_seeds": 3, "seed": 5, "storage": storage, "verbose": 0}
    tuning = tune(problem, **options)
    assert tuning.verdict == "better"
    contenders = plans[0].balancers
    assert plans[0].seeds == [6, 7, 8]
    assert plans[0].budget.epochs == 2
    assert contenders["equal weights"].loss_weights == {"mask": 1.0, "label": 1.0, "size": 1.0}
    assert contenders["found"].loss_weights == tuning.best_weights
    assert tune(problem, **options).headline == tuning.headline
    assert len(plans) == 1
    tune(problem, **(options | {"confirm_seeds": 4}))
    assert len(plans) == 2


def test_code_to_paste_runs(make_problem, training):
    loss = dict.fromkeys(("mask", "label", "size"), "mse") | {"sparse": ml.WeightPenalty("l1")}
    problem = make_problem(loss=loss, loss_weights={"sparse": 1e-4})
    wanted = {"weights": True, "balancers": {"cagrad": {"c": (0.1, 0.9)}}}
    tuning = tune(problem, trials=6, epochs=2, search=wanted, method="random", confirm_seeds=0, verbose=0)
    trial = next(trial for trial in tuning.trials if trial.candidate.balancer == "cagrad")
    code = tuning.code(trial).replace("optimizer=...", "optimizer='adam'").replace("loss=...", "loss=loss")
    found = {"ml": ml, "model": problem.new_model(0), "loss": loss}
    exec(code, found)
    trainer = found["trainer"]
    assert trainer.balancer.c == pytest.approx(trial.candidate.parameters["c"])
    for term, weight in {**trial.candidate.weights, "sparse": 1e-4}.items():
        assert trainer.terms[term].weight.value == pytest.approx(weight, rel=1e-3)


@pytest.mark.skipif(keras.backend.backend() == "tensorflow", reason="eight models are compiled there for half a minute")
def test_a_harmful_term_is_found_with_real_training():
    """Two outputs read one number, and each wants another: the louder one takes it all unless it is weighed down."""
    x = np.random.default_rng(0).normal(size=(128, 2)).astype("float32")
    data = x, {"signal": x[:, :1], "nuisance": 100.0 * x[:, 1:2]}

    def build():
        inputs = keras.Input((2,))
        narrow = keras.layers.Dense(1, use_bias=False, kernel_initializer="ones")(inputs)
        return keras.Model(inputs, {name: keras.layers.Dense(1, name=name)(narrow) for name in ("signal", "nuisance")})

    problem = ml.Problem(
        "harm",
        build,
        loss={"signal": "mse", "nuisance": "mse"},
        train=data,
        validation=data,
        metrics={"signal": "mae"},
        score={"signal_mae": "min"},
        optimizer=lambda: keras.optimizers.Adam(0.1),
        batch_size=32,
    )
    tuning = tune(problem, trials=2, epochs=15, confirm_seeds=3, pruning=False, verbose=0)
    assert tuning.best.candidate.weights["nuisance"] < 0.01
    assert tuning.best.values[0] < 0.5 * tuning.baseline_trial.values[0]
    assert tuning.verdict == "better", tuning.headline
