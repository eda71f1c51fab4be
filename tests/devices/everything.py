"""Everything at once, so that `make test` can afford it: a fault in any part makes the numbers differ."""

from __future__ import annotations

from typing import Any

import keras
from configurations import compiled, squared
from device_models import model, root_that_is_steep
from device_runs import BATCH, NONFINITE, SAMPLES, VALIDATION, Run, data, with_weights

import multiloss as ml


def everything(**arguments: Any) -> Run:
    """Noise, groups, `every`, captured layers, scales, conditions, a constraint, weights, masks, metrics, callbacks.

    The gradient of one batch is not finite, and left out.
    """
    value = {
        "running": squared(scale="running_mean"),
        "first": squared(scale="initial", reduction="weighted_mean"),
        "measured": squared(scale="calibrated", sample_weight="importance"),
        "spread": squared(scale="target_variance", mask="marked"),
    }
    more = {
        "root": ml.Joint(root_that_is_steep),
        "bounded": ml.Constraint(ml.OutputPenalty("l2", output="value"), 0.01),
        "small": ml.WeightPenalty("l2", layers="trunk.*"),
    }
    loss_weights = {
        "value": ml.schedules.When("label_loss < 1.15", then=0.5, otherwise=0.3),
        "label": ml.schedules.When("val_label_accuracy >= 0", then=0.3, otherwise=1.0),
        "small": ml.schedules.Linear(0.0, 0.1, steps=9),
    }
    trainer = compiled(
        model(64, depth=2),
        value=value,
        more=more,
        loss_weights=loss_weights,
        balancer=ml.aggregation.PCGrad(every=2, groups=[["value/running", "value/first"]]),
        metrics={"value": ["mae", keras.metrics.R2Score()], "label": "accuracy"},
        weighted_metrics={"label": "sparse_categorical_accuracy"},
        on_nonfinite="skip",
        **arguments,
    )
    x, y, weights = with_weights(lambda value, label: {"value": value, "label": label})
    x[NONFINITE * BATCH + 1, 0] = 0.0
    return Run(trainer, (x, y, weights), data(VALIDATION, 1), callbacks, calibrates=True, epochs=3)


def callbacks() -> list[keras.callbacks.Callback]:
    """One that watches, and one that ends the training after the second epoch."""
    stop = ml.callbacks.EarlyStopping({"loss": "max"}, patience=1)
    return [ml.callbacks.BalanceMonitor(every=4, batch_size=SAMPLES), stop]
