"""The search itself, with a formula in the place of training."""

import importlib.util

import pytest

import multiloss as ml
from multiloss.experiments.tuning import tune

pytestmark = pytest.mark.one_backend

ROLES = ["equal weights", "equal contributions"]


def search(problem, **options):
    return tune(problem, **({"epochs": 3, "confirm_seeds": 0, "verbose": 0, "pruning": False} | options))


def ratio(trial):
    return trial.candidate.weights["size"] / trial.candidate.weights["mask"]


def test_equal_weights_come_first_and_equal_contributions_second(problem, training):
    tuning = search(problem, trials=4)
    assert [trial.role for trial in tuning.trials] == [*ROLES, "search", "search"]
    assert tuning.trials[0].candidate.weights == {"mask": 1.0, "label": 1.0, "size": 1.0}
    assert tuning.trials[0].values == (0.0,)
    # The targets of "size" are 100 times as large, so its squared error is about 10 000 times as large.
    assert 1e-5 < ratio(tuning.trials[1]) < 1e-3


def test_the_users_own_weights_are_tried(make_problem, training):
    tuning = search(make_problem(loss_weights={"size": 0.01}), trials=3)
    assert [trial.role for trial in tuning.trials] == [*ROLES, "your own weights"]
    assert ratio(tuning.trials[2]) == pytest.approx(0.01)


@pytest.mark.parametrize("method", ["bayesian", "random", "grid", "pareto"])
def test_weights_sum_to_their_number(problem, training, method):
    tuning = search(problem, method=method, trials=12)
    assert len(tuning.trials) == len(training.weights) <= 12
    for trial in tuning.trials:
        assert sum(trial.candidate.weights.values()) == pytest.approx(3.0)


def test_bayesian_search_finds_the_known_ratio(problem, training):
    tuning = search(problem, trials=40)
    # The best is 1 : 1000; equal weights are three decades away from it.
    assert tuning.best.values[0] > 0.5
    assert 3e-4 < ratio(tuning.best) < 3e-3


def test_a_gaussian_process_finds_it_too(problem, training):
    tuning = search(problem, trials=18, sampler="gp")
    assert 3e-4 < ratio(tuning.best) < 3e-3


def test_the_one_weight_that_matters_is_found_important(make_problem, training):
    # size_mae depends on size : mask alone; with a fixed mask and label that is the weight of the size.
    problem = make_problem(score={"size_mae": "min"})
    ranges = {"weights": {"mask": 1.0, "size": (1e-4, 1.0)}}
    tuning = search(problem, trials=40, method="random", search=ranges)
    assert next(iter(tuning.importance)) == "size_weight"
    assert tuning.importance_method == "fANOVA"
    assert sum(tuning.importance.values()) == pytest.approx(1.0)


def test_importance_without_scikit_learn(problem, training, monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *rest: None if name == "sklearn" else find(name, *rest)
    )
    tuning = search(problem, trials=12, method="random")
    assert tuning.importance_method == "PED-ANOVA"
    assert sum(tuning.importance.values()) == pytest.approx(1.0)


def test_the_same_seed_is_the_same_search(problem, training):
    first, second, other = (search(problem, trials=14, seed=seed) for seed in (3, 3, 4))
    weights = [[trial.candidate.weights for trial in tuning.trials] for tuning in (first, second, other)]
    assert weights[0] == weights[1]
    assert weights[0][2:] != weights[2][2:]
    assert set(training.seeds) == {3, 4}


def test_one_metric_is_judged_in_its_own_unit(problem, training):
    tuning = search(problem, trials=3, objective="size_mae")
    assert [trial.values[0] for trial in tuning.trials] == [trial.metrics["size_mae"] for trial in tuning.trials]
    assert tuning.best.values[0] == min(trial.values[0] for trial in tuning.trials)


def test_several_metrics_are_the_mean_change_against_equal_weights(problem, training):
    tuning = search(problem, trials=3)
    base, other = tuning.trials[0].metrics, tuning.trials[1].metrics
    # An accuracy counts the part of the way to 1, an error what is left of it.
    left = (1.0 - other["label_accuracy"]) / (1.0 - base["label_accuracy"])
    gain = (1.0 - left) + (1.0 - other["size_mae"] / base["size_mae"])
    assert tuning.trials[1].values[0] == pytest.approx(gain / 2.0)


def test_bad_trials_are_stopped_early(problem, training):
    tuning = search(problem, trials=30, epochs=9, pruning=True, method="random")
    stopped = [trial for trial in tuning.trials if trial.state == "pruned"]
    assert stopped
    assert all(trial.epochs < 9 and trial.values == () for trial in stopped)
    assert tuning.trials[0].finished
    assert max(trial.history[-1] for trial in stopped) < tuning.best.values[0]


def test_a_trial_that_fails_is_a_result(problem, training):
    training.fails = lambda weights: weights["size"] > 2.0
    tuning = search(problem, trials=20, method="random")
    failed = [trial for trial in tuning.trials if trial.state == "failed"]
    assert failed
    assert all("not finite" in trial.error for trial in failed)
    assert len(tuning.trials) == 20


def test_without_equal_weights_nothing_can_be_compared(problem, training):
    training.fails = lambda weights: weights["size"] == 1.0
    with pytest.raises(ValueError, match=r"equal weights must finish.*not finite"):
        search(problem, trials=5)
    assert search(problem, trials=5, objective="size_mae").best is not None


def test_a_grid_visits_each_point_once(problem, training):
    ranges = {"weights": {"label": [0.1, 1.0, 10.0], "size": [1e-4, 1e-3, 1e-2, 1.0]}}
    tuning = search(problem, method="grid", search=ranges)
    points = [
        (round(trial.candidate.weights["label"] / trial.candidate.weights["mask"], 9), round(ratio(trial), 9))
        for trial in tuning.trials
    ]
    assert sorted(points) == sorted((label, size) for label in (0.1, 1.0, 10.0) for size in (1e-4, 1e-3, 1e-2, 1.0))
    assert points[0] == (1.0, 1.0)
    assert ratio(tuning.best) == pytest.approx(1e-3)


def test_a_grid_over_ranges_keeps_to_its_trials(problem, training):
    tuning = search(problem, method="grid", trials=17)
    points = {tuple(trial.candidate.weights.values()) for trial in tuning.trials}
    assert len(points) == len(tuning.trials) == 17


def test_balancers_and_their_parameters(problem, training):
    wanted = {"weights": True, "balancers": {"cagrad": {"c": (0.1, 0.9)}, "uncertainty": {}}}
    tuning = search(problem, trials=25, search=wanted, method="random")
    found = {trial.candidate.balancer for trial in tuning.trials}
    assert found == {"fixed", "cagrad", "uncertainty"}
    assert tuning.trials[0].candidate.balancer == "fixed"
    for trial in tuning.trials:
        assert set(trial.candidate.parameters) == ({"c"} if trial.candidate.balancer == "cagrad" else set())


def test_balancers_alone_leave_the_users_weights(make_problem, training):
    tuning = search(make_problem(loss_weights={"size": 0.01}), trials=6, search="balancers")
    assert tuning.baseline == "your own weights"
    assert tuning.best_weights == {}
    assert set(training.weights) == {None}


def test_a_penalty_is_searched_only_when_it_is_named(make_problem, training):
    import multiloss as ml

    loss = dict.fromkeys(("mask", "label", "size"), "mse") | {"sparse": ml.WeightPenalty("l1")}
    problem = make_problem(loss=loss, loss_weights={"sparse": 1e-4})
    assert search(problem, trials=2).best_loss_weights["sparse"] == 1e-4
    tuning = search(problem, trials=5, search={"weights": {"sparse": (1e-6, 1e-2)}}, method="random")
    penalties = [trial.candidate.weights.pop("sparse") for trial in tuning.trials]
    assert len(set(penalties)) > 2
    assert all(1e-6 <= penalty <= 1e-2 for penalty in penalties)
    assert all(sum(trial.candidate.weights.values()) == pytest.approx(3.0) for trial in tuning.trials)


def test_a_pareto_search_gives_a_front(problem, training):
    tuning = search(problem, trials=15, method="pareto")
    assert tuning.objective.directions == ["maximize", "minimize"]
    # Both metrics are best at the same ratio: the front is one point, and the knee is it.
    assert tuning.knee in tuning.front
    assert 0.0 < tuning.hypervolume <= 1.0
    assert tuning.best == tuning.knee
    assert all(len(trial.values) == 2 for trial in tuning.trials)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "simplex"}, "Unknown method 'simplex'"),
        ({"sampler": "nsga2"}, "Unknown sampler of method 'bayesian'"),
        ({"trials": 0}, "`trials` must be an integer of at least 1"),
        ({"epochs": 1.5}, "`epochs` must be an integer"),
        ({"pruning": "always"}, "`pruning` must be True, False"),
        ({"search": "weight"}, "Did you mean 'weights'"),
        ({"search": {"weight": True}}, "Unknown key of `search`"),
        ({"search": {"weights": {"sise": (0.1, 1.0)}}}, "Did you mean 'size'"),
        ({"search": {"weights": False}}, "something to search"),
        ({"objective": "val_loss"}, "the weights are part of it"),
        ({"objective": "loss"}, "the weights are part of it"),
        ({"objective": "size_weight"}, "the weights are part of it"),
        ({"objective": "val_size_mae"}, "without the prefix"),
        ({"objective": "angle_mae"}, "Unknown objective 'angle_mae'"),
        ({"objective": {"size_mae": "minimum"}}, "'max', 'min' or a Score"),
        ({"objective": "size_mae", "method": "pareto"}, "at least two metrics"),
        ({"workers": 2}, "share their trials through a database"),
        ({"storage": "nosuchdb://x"}, "Cannot use the database"),
        (
            {"storage": "sqlite:////proc/none/tune.db"},
            r"`storage` must be a file that can be written.*'sqlite:////proc/",
        ),
        ({"storage": "/proc/none"}, r"`storage` must be a file that can be written\. Received: '/proc/none'"),
        ({"objective": {"size_mea": "min"}}, "Unknown score metric 'size_mea'.*Did you mean 'size_mae'"),
    ],
)
def test_mistakes_are_found_before_anything_is_trained(problem, training, options, message):
    with pytest.raises(ValueError, match=message):
        search(problem, **options)
    assert training.weights == []


def test_a_loss_in_the_problems_score_is_refused(make_problem, training):
    with pytest.raises(ValueError, match="the weights are part of it"):
        search(make_problem(score={"loss": "min"}))


def test_the_raw_loss_of_a_term_may_judge(problem, training):
    training.metrics = lambda weights, epoch, epochs: {"size_loss": weights["size"]}
    tuning = search(problem, trials=5, objective="size_loss")
    assert tuning.objective.metrics == {"size_loss": ml.Score("min")}


def test_a_missing_driver_is_one_clear_line(problem):
    with pytest.raises(ImportError, match=r"needs the driver 'cx_Oracle'.*pip install cx_Oracle") as caught:
        search(problem, storage="oracle+cx_oracle://me:secret@host/db")
    assert "secret" not in str(caught.value)
