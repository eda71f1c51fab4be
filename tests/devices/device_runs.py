"""A training on one device or on several: its data, who gets which part of a batch, and what is left in the end."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np

STEPS, EPOCHS, BATCH = 5, 2, 16  # ten steps; a batch can be shared by 2, 4, 8 or 16 devices
SAMPLES = STEPS * BATCH
VALIDATION = 2 * BATCH
# The batches in which something is the matter, counted from 0.
LAST_QUARTER_UNLABELLED, LAST_HALF_UNLABELLED, UNLABELLED, NONFINITE = 1, 2, 3, 4
TOLERANCE = 1e-6


@dataclass
class Run:
    """A compiled trainer and with what it is trained.

    Attributes:
        trainer: it is compiled, and was built from seed 1.
        data: inputs, targets, and None or sample weights, of whole batches in their order.
        validation: the same; None trains without.
        callbacks: makes them.
        calibrates: whether `calibrate` comes before.
        epochs: of `fit`.
    """

    trainer: Any
    data: tuple[Any, Any, Any] = field(default_factory=lambda: data())
    validation: tuple[Any, Any, Any] | None = None
    callbacks: Callable[[], list[keras.callbacks.Callback]] = list
    calibrates: bool = False
    epochs: int = EPOCHS


def data(samples: int = SAMPLES, seed: int = 0) -> tuple[np.ndarray, dict[str, np.ndarray], None]:
    """Labels of `value` are missing here and there, for one of 4 devices, for one of 2, and in a whole batch."""
    generator = np.random.default_rng(seed)
    x = generator.normal(size=(samples, 4)).astype("float32")
    value = generator.normal(size=(samples, 2)).astype("float32")
    value[::5], value[3::7, 1] = np.nan, np.nan
    for batch, first in ((LAST_QUARTER_UNLABELLED, 12), (LAST_HALF_UNLABELLED, 8), (UNLABELLED, 0)):
        value[batch * BATCH + first : (batch + 1) * BATCH] = np.nan
    targets = {"value": value, "label": generator.integers(0, 3, samples).astype("int32")}
    targets["importance"] = generator.uniform(0.2, 2.0, samples).astype("float32")
    targets["marked"] = (generator.uniform(size=samples) < 0.7).astype("float32")
    return x, targets, None


def with_weights(kind: Callable[[np.ndarray, np.ndarray], Any]) -> tuple[Any, Any, Any]:
    """The data with sample weights, some of them zero, made of one vector for each of two outputs."""
    x, y, _ = data()
    value, label = np.random.default_rng(1).uniform(0.0, 2.0, (2, SAMPLES)).astype("float32")
    label[::4] = 0.0
    return x, y, kind(value, label)


def share(arrays: Any, rank: int, ranks: int) -> Any:
    """The part of process `rank` of each batch: the union of what all processes see in a step is the batch."""

    def of(array: np.ndarray) -> np.ndarray:
        batches = [array[start : start + BATCH] for start in range(0, len(array), BATCH)]
        return np.concatenate([np.array_split(batch, ranks)[rank] for batch in batches])

    return keras.tree.map_structure(lambda array: None if array is None else of(array), arrays)


def train(run: Run, rank: int = 0, ranks: int = 1) -> dict[str, list[float]]:
    """The epoch logs of the training of one process; of one that the guard ends, its message alone."""
    x, y, weights = share(run.data, rank, ranks)
    settings: dict[str, Any] = {"batch_size": BATCH // ranks, "epochs": run.epochs, "shuffle": False, "verbose": 0}
    if run.validation is not None:
        settings["validation_data"] = share(run.validation, rank, ranks)
    if run.calibrates:
        run.trainer.calibrate(x, y, weights, batch_size=BATCH // ranks)
    try:
        return run.trainer.fit(x, y, sample_weight=weights, callbacks=run.callbacks(), **settings).history
    except ValueError as error:
        if "is not finite in step" not in str(error):
            raise
        return {f"ended: {error}": [0.0]}


def result(run: Run, logs: Mapping[str, Sequence[float]]) -> dict[str, np.ndarray]:
    """All that is left of a training, by name: logs, weights, all other state, and the optimizer's slots."""
    found = {f"log {name}": np.array(values, "float64") for name, values in logs.items()}
    for index, variable in enumerate([*run.trainer.variables, *run.trainer.optimizer.variables]):
        found[f"{index} {variable.path}"] = np.array(keras.ops.convert_to_numpy(variable))
    return found


def difference(one: np.ndarray, other: np.ndarray) -> float:
    """The largest difference of two arrays: absolute up to 1, relative to the entry of the first above it."""
    if one.shape != other.shape or (np.isnan(one) != np.isnan(other)).any():
        return np.inf
    first, second = (np.nan_to_num(each.astype("float64"), posinf=1e300, neginf=-1e300) for each in (one, other))
    return float(np.max(np.abs(first - second) / np.maximum(1.0, np.abs(first)), initial=0.0))


def largest_difference(one: Mapping[str, np.ndarray], other: Mapping[str, np.ndarray]) -> tuple[float, str]:
    """The largest difference of two results, and where it is; `inf` where one has what the other has not.

    Variables are compared by their places: Keras numbers the models of a process in their paths.
    """
    logs, variables = zip(*(_sorted(each) for each in (one, other)), strict=True)
    if logs[0] != logs[1] or len(variables[0]) != len(variables[1]):
        return np.inf, f"{sorted({*logs[0]} ^ {*logs[1]})} or the number of variables"
    pairs = [*zip(*logs, strict=True), *zip(*variables, strict=True)]
    return max(((difference(one[a], other[b]), a) for a, b in pairs), key=lambda found: found[0])


def _sorted(result: Mapping[str, np.ndarray]) -> tuple[list[str], list[str]]:
    """The names of logs, in alphabetical order, and those of variables, in theirs."""
    logs = sorted(name for name in result if name.startswith("log "))
    return logs, [name for name in result if not name.startswith("log ")]
