"""What a run depends on, part by part: the problem, the contender, the model of a seed, and with what it is trained."""

from __future__ import annotations

import sys
from typing import Any

import keras

from ..._core.versions import package_version
from ...problems import Problem
from ..fingerprints import Fingerprint, InOrder, fingerprint
from ._contender import Contender
from ._initial_model import InitialModel

_PACKAGES = ("multiloss", "keras", "numpy")


def of_problem(problem: Problem) -> Fingerprint:
    """What all runs of a problem depend on; reads the data, all of it.

    The order of the losses is the order of the terms, in which balancers see them.
    """
    return fingerprint(
        {
            "problem": problem.name,
            "losses": InOrder(problem.new_loss()),
            "metrics": [problem.new_metrics(), sorted(problem.score)],
            "optimizer": problem.new_optimizer(),
            "batch size": problem.batch_size,
            "build_model": problem.build_model,
            "training data": problem.train,
            "validation data": problem.validation,
            **({} if problem.test is None else {"test data": problem.test}),
            "precision": precision(),
            "versions": versions(),
        }
    )


def of_contender(problem: Problem, contender: Contender) -> Fingerprint:
    """What the runs of one contender depend on besides."""
    loss_weights = problem.loss_weights if contender.loss_weights is None else contender.loss_weights
    return fingerprint({"balancer": contender.balancer, "loss weights": loss_weights})


def of_start(initial: InitialModel) -> Fingerprint:
    """What the runs from one seed depend on besides: the model, and its weights before the first step."""
    return fingerprint({"model": initial.model(), "initial weights": initial.values})


def precision() -> dict[str, Any]:
    """Keras's settings that change numbers."""
    return {
        "policy": keras.config.dtype_policy().get_config(),
        "floatx": keras.config.floatx(),
        "epsilon": keras.config.epsilon(),
        "image data format": keras.config.image_data_format(),
    }


def versions() -> dict[str, str]:
    """With what a run is trained: another release may give other numbers."""
    backend = keras.backend.backend()
    found = {name: str(package_version(name)) for name in (*_PACKAGES, backend)}
    return {**found, "backend": backend, "Python": f"{sys.version_info.major}.{sys.version_info.minor}"}
