"""One balancer trained from one seed."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from ..._core.balancer import Balancer
from ..._core.strict_json import finite
from ...problems import Problem
from ...training import MultiLossModel
from ...training import compile as compile_trainer
from ._balancing_bytes import balancing_bytes
from ._batches import first_samples, parts_of, training_data
from ._callbacks import EpochWatch, StepClock
from ._initial_model import InitialModel
from ._interrupts import Interrupts
from ._run import Run
from ._samples import name_arrays


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
    report: Callable[[int], None],
    loss_weights: Mapping[str, Any] | None = None,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    on_test: bool = False,
) -> Trained:
    """Trains one model and gives its run; an exception while it trains is recorded, not raised.

    Args:
        problem: what is trained.
        initial: gives the model, and the seed of the data order.
        label: the contender's label.
        balancer: its object; None for none.
        epochs: how many.
        predict: whether predictions on a few validation samples are wanted.
        report: called with the number of epochs done.
        loss_weights: in the place of the problem's own; None means those of the problem.
        callbacks: more of them, called after the ones that measure.
        on_test: whether the metrics are those of the test data, where the problem has some.

    Raises:
        ValueError: for mistakes of the problem that every run would meet: a score that is not among the logs, or
            beyond its ideal.
    """
    # A clock that ends training is also the one that measures: two would differ by their own ticking.
    clock = next((callback for callback in callbacks if isinstance(callback, StepClock)), None) or StepClock()
    others = [callback for callback in callbacks if callback is not clock]
    watch = EpochWatch(problem.score, report)
    history = keras.callbacks.History()
    begin = time.perf_counter()
    error, predictions, held, tested = None, {}, None, None
    model = initial.model()
    try:
        with Interrupts() as interrupts:
            trainer = compile_trainer(
                model,
                optimizer=problem.new_optimizer(),
                loss=problem.new_loss(),
                loss_weights=problem.loss_weights if loss_weights is None else loss_weights,
                balancer=balancer,
                metrics=problem.new_metrics(),
            )
            _calibrate(trainer, problem)
            # Building drew random numbers; the order of the data and the noise of the step start from the seed again.
            keras.utils.set_random_seed(initial.seed)
            trainer.fit(
                training_data(problem.train, problem.batch_size, initial.seed),
                validation_data=problem.validation,
                validation_batch_size=problem.batch_size,
                epochs=epochs,
                shuffle=False,
                verbose=0,
                callbacks=[interrupts, history, clock, watch, *others],
            )
            held = balancing_bytes(trainer)
            if on_test and problem.test is not None:
                tested = _evaluated(trainer, problem, interrupts)
            if predict:
                inputs, _ = first_samples(problem.validation)
                predictions = name_arrays(model(inputs, training=False), initial.output_names, "output")
    except Exception as failure:
        if watch.mistake is not None:
            raise watch.mistake from None
        error = f"{type(failure).__name__}: {failure}"
    logs = {name: [finite(value) for value in values] for name, values in history.history.items()}
    metrics = {name.removeprefix("val_"): values[-1] for name, values in logs.items() if name.startswith("val_")}
    metrics = metrics if tested is None else tested
    if error is None:
        lost = [name for name in problem.score if metrics[name] is None]
        error = f"Not finite at the end: {', '.join(lost)}." if lost else None
    run = Run(
        balancer=label,
        seed=initial.seed,
        metrics=metrics,
        seconds_per_step=clock.seconds_per_step(),
        mean_steps=tuple(clock.mean_steps()),
        steps=clock.steps,
        training_seconds=clock.training_seconds(),
        balancing_bytes=held,
        seconds=time.perf_counter() - begin,
        history=logs,
        error=error,
    )
    return Trained(run, predictions)


def _evaluated(
    trainer: MultiLossModel, problem: Problem, interrupts: keras.callbacks.Callback
) -> dict[str, float | None]:
    """The metrics of the test data."""
    x, y, sample_weight = parts_of(problem.test)
    size = problem.batch_size if y is not None else None
    logs = trainer.evaluate(
        x, y, sample_weight=sample_weight, batch_size=size, verbose=0, return_dict=True, callbacks=[interrupts]
    )
    return {name: finite(float(value)) for name, value in logs.items()}


def _calibrate(trainer: MultiLossModel, problem: Problem) -> None:
    """Measures the scales that await a pass; all contenders start alike, so they measure the same."""
    if any(term.scale is not None and term.scale.awaits_pass for term in trainer.terms.values()):
        x, y, sample_weight = parts_of(problem.train)
        trainer.calibrate(x, y, sample_weight, batch_size=problem.batch_size)
