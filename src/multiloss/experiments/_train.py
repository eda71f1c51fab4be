"""One balancer trained from one seed."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import keras
import numpy as np

from .._core.balancer import Balancer
from ..problems import Problem
from ..training import compile as compile_trainer
from ._batches import first_samples, training_data
from ._callbacks import EpochWatch, StepClock
from ._initial_model import InitialModel
from ._run import Run
from ._samples import name_arrays
from ._strict_json import finite


@dataclass(frozen=True)
class Trained:
    """A run, and its model's predictions on a few samples by output name; empty where none were asked for."""

    run: Run
    predictions: dict[str, np.ndarray]


def train(
    problem: Problem,
    initial: InitialModel,
    label: str,
    balancer: Balancer | None,
    *,
    epochs: int,
    predict: bool,
    settings: str,
    initial_weights: str,
    report: Callable[[int], None],
) -> Trained:
    """Trains one model and gives its run; an exception while it trains is recorded, not raised.

    Args:
        problem: what is trained.
        initial: gives the model, and the seed of the data order.
        label: the balancer's label.
        balancer: its object; None for none.
        epochs: how many.
        predict: whether predictions on a few validation samples are wanted.
        settings: digest of everything that the run depends on.
        initial_weights: digest of the initial values.
        report: called with the number of epochs done.

    Raises:
        ValueError: for mistakes of the problem that every run would meet: a score that is not among the logs.
    """
    clock, watch = StepClock(), EpochWatch(problem.score, report)
    history = keras.callbacks.History()
    begin = time.perf_counter()
    error, predictions = None, {}
    model = initial.model()
    try:
        trainer = compile_trainer(
            model,
            optimizer=problem.new_optimizer(),
            loss=problem.new_loss(),
            loss_weights=problem.loss_weights,
            balancer=balancer,
            metrics=problem.new_metrics(),
        )
        # Building drew random numbers; the order of the data and the noise of the step start from the seed again.
        keras.utils.set_random_seed(initial.seed)
        trainer.fit(
            training_data(problem.train, problem.batch_size, initial.seed),
            validation_data=problem.validation,
            validation_batch_size=problem.batch_size,
            epochs=epochs,
            shuffle=False,
            verbose=0,
            callbacks=[history, clock, watch],
        )
        if predict:
            inputs, _ = first_samples(problem.validation)
            predictions = name_arrays(model(inputs, training=False), initial.output_names, "output")
    except Exception as failure:
        if watch.unknown is not None:
            raise watch.unknown from None
        error = f"{type(failure).__name__}: {failure}"
    logs = {name: [finite(value) for value in values] for name, values in history.history.items()}
    metrics = {name.removeprefix("val_"): values[-1] for name, values in logs.items() if name.startswith("val_")}
    if error is None:
        lost = [name for name in problem.score if metrics[name] is None]
        error = f"Not finite at the end: {', '.join(lost)}." if lost else None
    run = Run(
        balancer=label,
        seed=initial.seed,
        metrics=metrics,
        seconds_per_step=clock.seconds_per_step(),
        seconds=time.perf_counter() - begin,
        history=logs,
        error=error,
        initial_weights=initial_weights,
        settings=settings,
    )
    return Trained(run, predictions)
