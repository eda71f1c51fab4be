"""Comparisons made by hand: no training is needed to draw."""

from __future__ import annotations

import numpy as np
import pytest

from multiloss.experiments import Comparison, Run, Samples

EPOCHS = 4
TERMS = ("mask", "label", "amount")


def make_run(balancer, seed, level):
    generator = np.random.default_rng([seed, len(balancer)])
    falling = level * np.linspace(1.0, 0.4, EPOCHS)
    history = {}
    for place, term in enumerate(TERMS):
        values = 10.0**place * falling * generator.uniform(0.9, 1.1, EPOCHS)
        history |= {f"{term}_loss": list(values), f"val_{term}_loss": list(1.1 * values)}
        history |= {f"{term}_weight": list(10.0**-place * np.ones(EPOCHS))}
    history |= {"loss": list(falling), "val_loss": list(1.1 * falling)}
    return Run(
        balancer,
        seed,
        {"label_accuracy": 0.9 / level + 0.01 * seed, "amount_mae": 20.0 * level + seed},
        seconds_per_step=0.01 * level,
        seconds=3.0,
        history=history,
    )


def make_samples(pictures=True):
    generator = np.random.default_rng(0)
    count = 6
    inputs = generator.uniform(size=(count, 12, 12, 1)) if pictures else generator.normal(size=(count, 3))
    amount = generator.normal(200.0, 30.0, size=(count, 1))
    amount[1] = np.nan
    targets = {"label": np.array([[0], [1], [2], [0], [1], [-1]], "int32"), "amount": amount}
    scores = np.eye(3)[[0, 1, 1, 0, 2, 0]]
    predictions = {"label": scores, "amount": amount + 5.0}
    if pictures:
        targets["mask"] = (generator.uniform(size=(count, 12, 12, 1)) > 0.5).astype("float32")
        predictions = {"mask": generator.uniform(size=(count, 12, 12, 1)), **predictions}
    return Samples({"input": inputs}, targets, {"fixed": predictions, "<b>other</b>": predictions})


def make_comparison(seeds=3, failed=True, samples=None, balancers=(("fixed", 1.0), ("<b>other</b>", 0.8))):
    runs = [make_run(balancer, seed, level) for seed in range(seeds) for balancer, level in balancers]
    if failed:
        runs += [Run("broken", seed, error="ValueError: term 'mask' <is> not finite") for seed in range(seeds)]
    settings = {
        "epochs": EPOCHS,
        "versions": {"multiloss": "0.1.0", "keras": "3.15.1"},
        "backend": "jax",
        "balancers": {
            "fixed": {"name": "fixed", "summary": "The same `weights`.", "paper": "", "needs": "losses"},
            "<b>other</b>": {"name": None, "summary": "S <1>.", "paper": "arXiv:2001.06782", "needs": "gramian"},
        },
    }
    score = {"label_accuracy": "max", "amount_mae": "min"}
    return Comparison("tiny & small", "fixed", score, runs, settings, "Made <by hand>.", samples or make_samples())


@pytest.fixture(name="make_comparison", scope="session")
def make_comparison_fixture():
    return make_comparison


@pytest.fixture(name="make_samples", scope="session")
def make_samples_fixture():
    return make_samples
