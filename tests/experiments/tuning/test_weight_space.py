"""The space of weights: only ratios count, and weights sum to their number."""

import math

import numpy as np
import optuna
import pytest

import multiloss as ml
from multiloss.experiments.tuning import tuning_space
from multiloss.experiments.tuning._weights import sum_to_k

pytestmark = pytest.mark.one_backend

TERMS = ["mask", "label", "size"]


class HyperParameters:
    """KerasTuner's container as far as a loop for weights uses it: `Float` registers, keeps, and gives the default."""

    def __init__(self):
        self.space, self.values = {}, {}

    def Float(
        self,
        name,
        min_value,
        max_value,
        step=None,
        sampling="linear",
        default=None,
        parent_name=None,
        parent_values=None,
    ):
        if sampling not in ("linear", "log", "reverse_log"):
            raise ValueError(f"`sampling` must be one of 'linear', 'log', 'reverse_log'. Received: {sampling}")
        if sampling == "log" and not min_value > 0:
            raise ValueError("`sampling='log'` does not work with a min_value that is not positive.")
        self.space[name] = (min_value, max_value, sampling)
        return self.values.setdefault(name, min_value if default is None else default)


def suggested(trials=200, **options):
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    trials = [study.ask() for _ in range(trials)]
    return trials, [tuning_space(trial, TERMS, **options) for trial in trials]


def test_weights_sum_to_their_number():
    _, weights = suggested()
    for entry in weights:
        assert list(entry) == TERMS
        assert sum(entry.values()) == pytest.approx(3.0)
        assert min(entry.values()) > 0.0


def test_ratios_are_uniform_in_the_logarithm():
    _, weights = suggested(trials=2000, low=1e-2, high=1e2)
    logs = [math.log10(entry["size"] / entry["mask"]) for entry in weights]
    # Quartiles of the uniform distribution on [-2, 2]; their standard error is 0.04.
    assert np.quantile(logs, [0.25, 0.5, 0.75]) == pytest.approx([-1.0, 0.0, 1.0], abs=0.2)
    assert min(logs) >= -2.0 - 1e-9
    assert max(logs) <= 2.0 + 1e-9


def test_k_terms_are_k_minus_one_parameters():
    trials, _ = suggested(trials=1)
    assert set(trials[0].params) == {"label_ratio", "size_ratio"}
    assert all(entry.log for entry in trials[0].distributions.values())


def test_each_term_may_have_its_own_range_and_the_reference_be_another():
    trial = optuna.trial.FixedTrial({"mask_ratio": 10.0, "size_ratio": 0.001})
    terms = {"mask": (1.0, 10.0), "label": (0.1, 1.0), "size": (1e-4, 1.0)}
    weights = tuning_space(trial, terms, reference="label")
    assert weights["mask"] / weights["label"] == pytest.approx(10.0)
    assert weights["size"] / weights["label"] == pytest.approx(0.001)


def test_keras_tuner_starts_from_equal_weights():
    space = HyperParameters()
    assert tuning_space(space, TERMS) == {"mask": 1.0, "label": 1.0, "size": 1.0}
    assert space.space == {"label_ratio": (1e-3, 1e3, "log"), "size_ratio": (1e-3, 1e3, "log")}
    space.values["size_ratio"] = 0.25
    assert tuning_space(space, TERMS) == sum_to_k({"mask": 1.0, "label": 1.0, "size": 0.25})


def test_keras_tuner_starts_inside_a_range_without_one():
    assert tuning_space(HyperParameters(), ["a", "b"], low=1e-4, high=0.5) == sum_to_k({"a": 1.0, "b": 0.5})


def test_an_own_optuna_loop_finds_the_known_ratio():
    def distance(trial):
        weights = tuning_space(trial, TERMS)
        return abs(math.log10(weights["size"] / weights["mask"]) + 2.0)

    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=0))
    study.optimize(distance, n_trials=60)
    assert study.best_value < 0.3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"terms": ["mask"]}, "at least two different terms"),
        ({"terms": ["mask", "mask"]}, "at least two different terms"),
        ({"terms": "mask"}, "at least two different terms"),
        ({"terms": TERMS, "low": 0.0}, "0 < low < high"),
        ({"terms": TERMS, "low": 2.0, "high": 1.0}, "0 < low < high"),
        ({"terms": TERMS, "reference": "sise"}, "Did you mean 'size'"),
    ],
)
def test_mistakes_say_how_to_fix_them(arguments, message):
    with pytest.raises(ValueError, match=message):
        tuning_space(optuna.trial.FixedTrial({}), **arguments)


def test_another_kind_of_trial_is_refused():
    with pytest.raises(ValueError, match="Received: dict"):
        tuning_space({}, TERMS)


def test_it_is_a_public_name():
    assert ml.tuning_space is tuning_space
