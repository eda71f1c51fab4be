"""Optuna's samplers and pruners, seeded so that a search that was stopped goes on as if it never had been."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from ..._core.errors import invalid, unknown_name
from ..._core.optional import require
from ._storage import PURPOSE

METHODS = ("bayesian", "random", "grid", "pareto")
# The samplers of each method, its default first. A grid is queued, so that no sampler draws anything.
SAMPLERS = {"bayesian": ("tpe", "gp"), "random": ("random",), "grid": ("random",), "pareto": ("tpe", "nsga2", "gp")}
PRUNERS = ("median", "halving")
# Random trials before a model of the objective is trusted.
_STARTUP = 10


def check_sampler(method: str, sampler: str | None) -> str:
    """The sampler's name.

    Raises:
        ValueError: for an unknown method, or a sampler that does not fit it.
        ImportError: for `"gp"` without PyTorch or SciPy.
    """
    if method not in METHODS:
        raise unknown_name("method", method, METHODS)
    name = SAMPLERS[method][0] if sampler is None else sampler
    if name not in SAMPLERS[method]:
        raise unknown_name(f"sampler of method {method!r}:", name, SAMPLERS[method])
    if name == "gp":
        require("torch", extra="torch", purpose="the sampler 'gp' (a Gaussian process), whatever Keras's backend,")
        require("scipy", extra="demo", purpose="the sampler 'gp' (a Gaussian process)")
    return name


def new_sampler(name: str, seed: int, trials: int) -> Any:
    """A sampler whose draws for a trial depend on the seed, the trial's number and the trials before it alone."""
    optuna = require("optuna", extra="tune", purpose=PURPOSE)
    startup = min(_STARTUP, max(4, trials // 3))

    def make(number: int) -> Any:
        own = int(np.random.SeedSequence([seed, number]).generate_state(1)[0])
        if name == "tpe":
            return optuna.samplers.TPESampler(seed=own, n_startup_trials=startup, multivariate=True, group=True)
        if name == "gp":
            return optuna.samplers.GPSampler(seed=own, n_startup_trials=startup)
        if name == "nsga2":
            return optuna.samplers.NSGAIISampler(seed=own, population_size=max(4, trials // 4))
        return optuna.samplers.RandomSampler(seed=own)

    return _by_number(optuna, make)


def _by_number(optuna: Any, make: Callable[[int], Any]) -> Any:
    class ByNumber(optuna.samplers.BaseSampler):
        """Hands every trial to a sampler made for its number; several processes then never draw the same."""

        def __init__(self) -> None:
            self.inner = self._make(0)

        def _make(self, number: int) -> Any:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
                return make(number)

        def before_trial(self, study: Any, trial: Any) -> None:
            self.inner = self._make(trial.number)
            self.inner.before_trial(study, trial)

        def infer_relative_search_space(self, study: Any, trial: Any) -> Any:
            return self.inner.infer_relative_search_space(study, trial)

        def sample_relative(self, study: Any, trial: Any, search_space: Any) -> Any:
            return self.inner.sample_relative(study, trial, search_space)

        def sample_independent(self, study: Any, trial: Any, param_name: str, param_distribution: Any) -> Any:
            return self.inner.sample_independent(study, trial, param_name, param_distribution)

        def after_trial(self, study: Any, trial: Any, state: Any, values: Any) -> None:
            self.inner.after_trial(study, trial, state, values)

    return ByNumber()


def check_pruning(pruning: bool | str) -> str | None:
    """The pruner's name, None for none.

    Raises:
        ValueError: for anything but True, False and a pruner's name.
    """
    if isinstance(pruning, bool):
        return PRUNERS[0] if pruning else None
    if pruning not in PRUNERS:
        raise invalid(f"`pruning` must be True, False or one of {list(PRUNERS)}", received=pruning)
    return pruning


def new_pruner(name: str | None, epochs: int) -> Any:
    """A pruner that leaves the first third of the epochs, and the first trials, alone."""
    optuna = require("optuna", extra="tune", purpose=PURPOSE)
    if name == "median":
        return optuna.pruners.MedianPruner(n_startup_trials=5, n_warmup_steps=max(1, epochs // 3))
    if name == "halving":
        return optuna.pruners.SuccessiveHalvingPruner(min_resource=max(1, epochs // 4), reduction_factor=2)
    return optuna.pruners.NopPruner()
