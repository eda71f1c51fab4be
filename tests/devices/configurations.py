"""What is trained on one device and on several, on every backend: a name, and a function that makes the `Run`.

Each function takes what shall be given to `ml.compile` beside its own arguments, such as `run_eagerly=True`. It must be
called where the backend wants its variables made (under the scope of a strategy, after `set_distribution`).
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
from device_models import model, root_that_is_steep, table
from device_runs import BATCH, EPOCHS, NONFINITE, SAMPLES, VALIDATION, Run, data, with_weights
from keras import layers, ops

import multiloss as ml
from multiloss._core.registry import members

sys.path.insert(0, str(Path(__file__).parent.parent / "training"))
from models import member_of_three_terms, outputs_agree

Configuration = Callable[..., Run]


def squared(**arguments: Any) -> ml.Term:
    """The term whose labels are missing in places."""
    return ml.Term("mse", missing="nan", **arguments)


def compiled(
    trained: Any = None,
    *,
    more: Any = None,
    optimizer: Any = None,
    value: Any = None,
    label: Any = None,
    **arguments: Any,
) -> Any:
    """The trainer of a configuration: three terms, and `more`."""
    label = "sparse_categorical_crossentropy" if label is None else label
    loss = {"value": squared() if value is None else value, "label": label, "agreement": ml.Joint(outputs_agree)}
    optimizer = optimizer or keras.optimizers.SGD(0.05, momentum=0.9)
    return ml.compile(model() if trained is None else trained, optimizer, loss={**loss, **(more or {})}, **arguments)


def plain(**own: Any) -> Configuration:
    """A configuration that is its arguments of `compiled`, with the usual data; callables are called for each run."""

    def make(**arguments: Any) -> Run:
        return Run(compiled(**{key: each() if callable(each) else each for key, each in own.items()}, **arguments))

    return make


def scaled(scale: Any) -> Configuration:
    """The term with missing labels under a scale, which is measured before where it asks for that."""

    def make(**arguments: Any) -> Run:
        return Run(compiled(value=squared(scale=scale), **arguments), calibrates=scale == "calibrated")

    return make


def every_scale(**arguments: Any) -> Run:
    """A term with each scale of the library in each of its cases."""
    cases = [entry.cls(**case) for entry in members("scale") for case in entry.cases]
    terms = {f"at_{index}": squared(scale=scale) for index, scale in enumerate(cases)}
    weights = {"value": 1.0 / len(terms)}  # together as one, or ten steps amplify the rounding of the first
    return Run(compiled(value=terms, loss_weights=weights, balancer="uncertainty", **arguments), calibrates=True)


def every_schedule(**arguments: Any) -> Run:
    """A term with each schedule in each of its cases, which name a term `a` and its accuracy."""
    cases = [(entry.cls, dict(case)) for entry in members("schedule") for case in entry.cases]
    for _, case in cases:
        if "condition" in case:
            case["condition"] = case["condition"].replace("val_a_accuracy", "val_label_accuracy")
    more = {f"at_{index}": ml.OutputPenalty("l2", output="value") for index in range(len(cases))}
    weights = {name: cls(**case) for name, (cls, case) in zip(more, cases, strict=True)}
    more["a"] = ml.OutputPenalty("l1", output="value")
    own = {"metrics": {"label": "accuracy"}, "loss_weights": weights}
    return Run(compiled(more=more, **own, **arguments), validation=data(VALIDATION, 1))


def conditions(**arguments: Any) -> Run:
    """Weights that switch within the ten steps, by the last loss, a training log and a validation log."""
    weights = {
        "value": ml.schedules.When("label_loss < 1.15", then=0.5, otherwise=2.0),
        "label": ml.schedules.When("val_label_accuracy >= 0", then=0.3, otherwise=1.0),
        "agreement": ml.schedules.When("loss > 0", then=ml.schedules.Linear(0.0, 2.0, steps=9), otherwise=0.1),
    }
    trainer = compiled(loss_weights=weights, metrics={"label": "accuracy"}, balancer="upgrad", **arguments)
    return Run(trainer, validation=data(VALIDATION, 1))


def penalties_and_constraints(**arguments: Any) -> Run:
    """Penalties, and constraints by both methods, around a term that reads labels too."""
    more = {
        "small": ml.WeightPenalty("l2", layers="trunk"),
        "feature": ml.FeaturePenalty(lambda features: ops.mean(ops.square(features), axis=-1), "trunk"),
        "bounded": ml.Constraint(ml.OutputPenalty("l2", output="value"), 0.01),
        "held": ml.Constraint(ml.OutputPenalty("l1", output="value"), 0.1, method="geco", learning_rate=0.1),
        "fitted": ml.Constraint(squared(output="value", scale="running_mean"), 0.5),
    }
    return Run(compiled(more=more, loss_weights={"small": 0.1}, balancer="mgda", **arguments))


def metrics(**arguments: Any) -> Run:
    """Metrics with masks and weights, of means, of sums and of counts, in training and validation."""
    own = {
        "metrics": {"value": ["mae", keras.metrics.R2Score()], "label": ["accuracy"]},
        "weighted_metrics": {"value": ["mse"], "label": ["sparse_categorical_accuracy"]},
    }
    weighed = with_weights(lambda value, label: {"value": value, "label": label})
    return Run(compiled(**own, **arguments), weighed, validation=data(VALIDATION, 1))


def one_weight(**arguments: Any) -> Run:
    """One sample weight for all outputs, read by a balancer of gradients."""
    return Run(compiled(balancer="pcgrad", **arguments), with_weights(lambda value, label: label))


def reductions(**arguments: Any) -> Run:
    """Every reduction, weights and masks by key, weights of classes."""
    more = {
        "by_weight": squared(output="value", reduction="weighted_mean", sample_weight="importance"),
        "summed": squared(output="value", reduction="sum", sample_weight="importance"),
        "by_sample": squared(output="value", reduction="sample_mean", mask="marked"),
        "column": squared(output="value", column=1),
    }
    label = ml.Term("sparse_categorical_crossentropy", class_weight={0: 0.5, 1: 1.0, 2: 2.0}, mask="marked")
    weights = dict.fromkeys(more, 0.3) | {"summed": 0.01}
    return Run(compiled(label=label, more=more, loss_weights=weights, balancer="cagrad", **arguments))


def stopped_early(**arguments: Any) -> Run:
    """Stopped after the second epoch of three, and set back to the first."""
    stop = lambda: [ml.callbacks.EarlyStopping({"loss": "max"}, patience=1, restore_best_weights=True)]  # noqa: E731
    return Run(compiled(balancer="uncertainty", **arguments), callbacks=stop, epochs=3)


def monitored(**arguments: Any) -> Run:
    """The logs of `BalanceMonitor`, which probes the same whole batches on every process."""
    x, y, _ = data()
    watch = lambda: [ml.callbacks.BalanceMonitor(every=2, data=(x, y), batch_size=BATCH)]  # noqa: E731
    return Run(compiled(balancer="upgrad", **arguments), callbacks=watch)


def monitored_own(**arguments: Any) -> Run:
    """The same of what `fit` was given: on every process all of its own part, which together are all samples."""
    watch = lambda: [ml.callbacks.BalanceMonitor(every=2, batch_size=SAMPLES)]  # noqa: E731
    return Run(compiled(balancer="uncertainty", **arguments), callbacks=watch)


def nonfinite_loss(**arguments: Any) -> Run:
    """An infinite label of one sample: all devices leave the step out, or end, together."""
    x, y, weights = data()
    y["value"][NONFINITE * BATCH + 1, 0] = np.inf
    return Run(compiled(balancer="gradnorm", **arguments), (x, y, weights))


def nonfinite_gradient(**arguments: Any) -> Run:
    """The same with a loss that is finite and a gradient that is not; the term at fault is found."""
    x, y, weights = data()
    x[NONFINITE * BATCH + 1, 0] = 0.0
    return Run(compiled(more={"root": ml.Joint(root_that_is_steep)}, balancer="mgda", **arguments), (x, y, weights))


def of_mode(configuration: Configuration, mode: str) -> Configuration:
    """The same with the guard in a mode."""
    return lambda **arguments: configuration(on_nonfinite=mode, **arguments)


def captured(name: str, **own: Any) -> Configuration:
    """A balancer over dense layers that are wide enough to be captured; `wrt` and the like are its arguments."""
    cls = next(entry.cls for entry in members("balancer") if entry.name == name)
    return plain(trained=lambda: model(64, depth=2), balancer=lambda: cls(**own))


def embedded(**arguments: Any) -> Run:
    """A captured table."""
    x, y, weights = data()
    indices = np.abs(np.round(1000 * x)).astype("int32") % 3000
    return Run(compiled(table(), balancer="upgrad", **arguments), (indices, y, weights))


def averaged(**arguments: Any) -> Run:
    """An optimizer with a rate that falls, clipped gradients, averaged weights, and a step every second batch."""
    rate = keras.optimizers.schedules.ExponentialDecay(0.05, 2, 0.5)
    own = {"use_ema": True, "ema_momentum": 0.9, "global_clipnorm": 0.5, "gradient_accumulation_steps": 2}
    return Run(compiled(optimizer=keras.optimizers.Adam(rate, epsilon=1e-2, **own), balancer="gradnorm", **arguments))


def unbalanced_agreement() -> dict[str, Any]:
    """Without it among the balanced terms, the last layer that is shared is the trunk."""
    return {"agreement": ml.Joint(outputs_agree, balanced=False)}


def _balancer(name: str) -> Configuration:
    def make(**arguments: Any) -> Run:
        # That one reads the means of the last two epochs.
        epochs = 4 if name == "dynamic_weight_average" else EPOCHS
        return Run(compiled(balancer=member_of_three_terms(name), **arguments), epochs=epochs)

    return make


aggregation = ml.aggregation
CONFIGURATIONS: dict[str, Configuration] = {
    "none": plain(),
    **{f"balancer-{entry.name}": _balancer(entry.name) for entry in members("balancer")},
    "heads-weighted": plain(balancer=lambda: aggregation.CAGrad(heads="weighted")),
    "loop": plain(balancer=lambda: aggregation.MGDA(backward="loop")),
    "wrt-last_shared": plain(more=unbalanced_agreement, balancer=lambda: aggregation.UPGrad(wrt="last_shared")),
    "wrt-pattern": plain(trained=lambda: model(depth=2), balancer=lambda: aggregation.UPGrad(wrt="trunk")),
    "representation": plain(balancer=lambda: aggregation.UPGrad(wrt="representation:trunk")),
    "representation-norms": plain(balancer=lambda: aggregation.GradNorm(wrt="representation:trunk")),
    "captured": captured("upgrad"),
    "captured-norms": captured("gradnorm"),
    "captured-table": embedded,
    "every": plain(balancer=lambda: aggregation.PCGrad(every=3)),
    "groups": plain(balancer=lambda: aggregation.MGDA(groups=[["value", "agreement"]])),
    **{f"scale-{each}": scaled(each) for each in ("initial", "running_mean", "calibrated", "target_variance")},
    "scales": every_scale,
    "schedules": every_schedule,
    "conditions": conditions,
    "constraints": penalties_and_constraints,
    "regularizer": plain(trained=lambda: model(regularizer="l2"), balancer="upgrad"),
    "metrics": metrics,
    "one_weight": one_weight,
    "reductions": reductions,
    "guard-raise": of_mode(plain(balancer="mgda"), "raise"),
    "guard-raise-loss": of_mode(nonfinite_loss, "raise"),
    "guard-raise-gradient": of_mode(nonfinite_gradient, "raise"),
    "guard-skip": of_mode(nonfinite_loss, "skip"),
    "guard-skip-gradient": of_mode(nonfinite_gradient, "skip"),
    "guard-ignore": of_mode(plain(balancer="mgda"), "ignore"),
    "early_stopping": stopped_early,
    "monitor": monitored,
    "monitor-own": monitored_own,
    "optimizer": averaged,
}


def dropout(**arguments: Any) -> Run:
    """Draws in the layers; a second look draws the same."""
    return Run(compiled(model(inner=(layers.Dropout(0.3, seed=3),)), balancer="famo", **arguments))


def batch_statistics(**arguments: Any) -> Run:
    """Statistics over the whole batch that move, in a step that is left out too."""
    x, y, weights = data()
    y["value"][NONFINITE * BATCH + 1, 0] = np.inf
    own = {"on_nonfinite": "skip", "balancer": "upgrad", **arguments}
    return Run(compiled(model(inner=(layers.BatchNormalization(),)), **own), (x, y, weights))


def joined_statistics(**arguments: Any) -> Run:
    """The same with statistics that the replicas join, which PyTorch's backend of Keras does not know."""
    own = {"balancer": "upgrad", **arguments}
    return Run(compiled(model(inner=(layers.BatchNormalization(synchronized=True),)), **own))


def batch_loss(**arguments: Any) -> Run:
    """A loss that is a ratio over the whole batch, which Keras does not split into samples."""
    one_hot = ml.Term("dice", target="shares")
    x, y, weights = data()
    y["shares"] = np.eye(3, dtype="float32")[y["label"]]
    return Run(compiled(label=one_hot, balancer="upgrad", **arguments), (x, y, weights))


# Exact only where the layers and losses of a step see the batch as one: on JAX; elsewhere as plain Keras is.
OF_THE_WHOLE_BATCH: dict[str, Configuration] = {
    "dropout": dropout,
    "batch_norm": batch_statistics,
    "batch_loss": batch_loss,
}


def uneven(**arguments: Any) -> Run:
    """A last batch of 10 samples, which JAX refuses for 4 devices; for 2 it is 5 and 5."""
    return Run(compiled(balancer="upgrad", **arguments), data(4 * BATCH + 10))


UNEVEN: dict[str, Configuration] = {"uneven": uneven}

# One or two of each kind, for `make test`; `DEVICES=all` trains all.
FEW = [
    *("none", "balancer-dynamic_weight_average", "balancer-famo", "balancer-gradnorm", "balancer-random_weighting"),
    *("captured", "representation", "every", "groups", "scales", "conditions", "constraints", "metrics", "reductions"),
    *("guard-raise-gradient", "guard-skip", "early_stopping", "monitor"),
]
