"""Trains a case by plain Keras and by multiloss from the same seed, and compares everything that came out."""

from __future__ import annotations

import fnmatch
import re
import traceback
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

import multiloss as ml

from .case import DIFFERS, KERAS_FAILS, KERAS_IS_WRONG, REFUSED, SAME, Case, Verdict

SEED = 7

# Rounding may grow in training as much as it grows in Keras's own when its initial weights move in the last bit.
ALLOWED_GROWTH = 8.0

# Colours and addresses in messages.
_UNSTABLE = re.compile("\x1b\\[[0-9;]*m| at 0x[0-9a-f]+")


@dataclass(frozen=True)
class Outcome:
    """Everything that a training leaves behind, by name."""

    weights: dict[str, np.ndarray]
    slots: dict[str, np.ndarray]
    logs: dict[str, np.ndarray]

    @property
    def groups(self) -> dict[str, dict[str, np.ndarray]]:
        return {"weight": self.weights, "slot": self.slots, "log": self.logs}


def verdict(case: Case) -> Verdict:
    """What multiloss makes of a case."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            plain = _outcome(case, ours=False)
        except Exception as error:
            return Verdict(KERAS_FAILS, _line(error))
        try:
            ours = _outcome(case, ours=True)
        except Exception as error:
            return Verdict(REFUSED if _is_ours(error) else DIFFERS, _line(error))
        compared = _compared(plain, ours)
        changed = {name: compared.pop(f"log {name}") for name in plain.logs if _reason(case, name)}
        found = {name: difference for name, difference in compared.items() if difference > case.closeness}
        notes = _by_design(case, changed, compared)
        if not found:
            return Verdict(SAME, notes, max(compared.values()))
        if case.keras_is_wrong:
            return Verdict(KERAS_IS_WRONG, case.keras_is_wrong)
        if lost := [name for name, difference in found.items() if not np.isfinite(difference)]:
            return Verdict(DIFFERS, _words(plain, ours, lost, found))
        noise = _rounding(case, plain)
    beyond = [name for name, difference in found.items() if difference > case.closeness + ALLOWED_GROWTH * noise[name]]
    if beyond:
        return Verdict(DIFFERS, _words(plain, ours, beyond, found), max(found.values()))
    worst = max(found, key=lambda name: found[name])
    rounding = f"to rounding: {worst} by {found[worst]:.0e}; Keras's own last bits make {noise[worst]:.0e}"
    return Verdict(SAME, "; ".join(filter(None, (rounding, notes))), found[worst])


def _outcome(case: Case, *, ours: bool, nudge: int | None = None) -> Outcome:
    keras.backend.clear_session(free_memory=False)
    keras.utils.set_random_seed(SEED)
    model = case.build()
    if nudge is not None:
        _move_last_bits(model, nudge)
    arguments = case.arguments()
    if ours:
        trained = ml.compile(model, **arguments)
    else:
        trained = model
        model.compile(**arguments)
    keras.utils.set_random_seed(SEED)  # what was drawn while compiling is no part of the training
    logs = case.train(trained)
    weights = {f"{index} {variable.path}": _array(variable) for index, variable in enumerate(model.variables)}
    if not trained.optimizer.built:  # after an evaluation alone: slots as they begin
        trained.optimizer.build(model.trainable_variables)
    slots = {f"{index} {variable.path}": _array(variable) for index, variable in enumerate(trained.optimizer.variables)}
    return Outcome(weights, slots, logs)


def _array(variable: Any) -> np.ndarray:
    array = np.asarray(keras.ops.convert_to_numpy(keras.ops.convert_to_tensor(variable)))
    return array.astype("float64") if array.dtype.kind not in "US" else array


def _move_last_bits(model: keras.Model, seed: int) -> None:
    generator = np.random.default_rng(seed)
    for variable in model.trainable_variables:
        value = _array(variable)
        variable.assign(value * (1 + generator.choice([-1, 1], value.shape) * np.finfo("float32").eps))


def _rounding(case: Case, plain: Outcome) -> dict[str, float]:
    """How far Keras's own training moves when it is repeated, and when the last bits of its weights differ."""
    largest: dict[str, float] = {}
    for nudge in (None, 1, 2):
        moved = _compared(plain, _outcome(case, ours=False, nudge=nudge))
        largest = {name: max(difference, largest.get(name, 0.0)) for name, difference in moved.items()}
    return largest


def _compared(first: Outcome, second: Outcome) -> dict[str, float]:
    """The largest difference of every array, relative to its scale; infinite where one is missing or of another shape.

    An array whose entries are all far smaller than its group's is measured by the group: the gradient of a bias before
    a normalisation is nothing but rounding.
    """
    differences = {}
    for group, arrays in first.groups.items():
        others = second.groups[group]
        if group != "log" and len(arrays) != len(others):
            differences[f"the number of {group}s"] = np.inf
        largest = max((_size(array) for array in arrays.values()), default=1.0)
        for position, (name, array) in enumerate(arrays.items()):
            other = others.get(name) if group == "log" else dict(enumerate(others.values())).get(position)
            differences[f"{group} {name}"] = _difference(array, other, max(_size(array), 1e-3 * largest))
    return differences


def _size(array: np.ndarray) -> float:
    finite = np.abs(array[np.isfinite(array)])
    return min(float(finite.max(initial=0.0)), 1e3)  # counters and seeds say nothing about weights


def _difference(array: np.ndarray, other: np.ndarray | None, scale: float) -> float:
    if other is None or array.shape != other.shape:
        return np.inf
    both = np.isnan(array) & np.isnan(other) | (array == other)
    if both.all():
        return 0.0
    difference = float(np.abs(array - other)[~both].max()) / max(scale, 1e-12)
    return difference if np.isfinite(difference) else np.inf


def _by_design(case: Case, changed: Mapping[str, float], compared: Mapping[str, float]) -> str:
    """Why some logs mean something else, if they do, and why the rest is less close than rounding allows."""
    reasons: dict[str, list[str]] = {}
    for name, difference in changed.items():
        if difference > case.closeness:
            reasons.setdefault(_reason(case, name), []).append(f"`{name}`")
    notes = [f"but {', '.join(names)}: {why}" for why, names in reasons.items()]
    if case.because and (largest := max(compared.values())) > 1e-6:
        notes.append(f"to {largest:.0e}: {case.because}")
    return "; ".join(notes)


def _reason(case: Case, name: str) -> str:
    """Why a log is not compared; empty where it is."""
    return next((why for pattern, why in case.changes.items() if fnmatch.fnmatchcase(name, pattern)), "")


def _words(plain: Outcome, ours: Outcome, names: list[str], found: Mapping[str, float]) -> str:
    told = []
    for name in sorted(names, key=lambda name: -found[name])[:3]:
        group, key = name.split(" ", 1)
        if group == "log" and key in ours.logs:
            told.append(f"{name}: {plain.logs[key].ravel()[:2]} in Keras, {ours.logs[key].ravel()[:2]} here")
        elif group == "log":
            told.append(f"{name} is missing here (there are {', '.join(ours.logs)})")
        else:
            told.append(f"{name}: by {found[name]:.0e}")
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return "; ".join(told) + more


def _is_ours(error: BaseException) -> bool:
    """Whether multiloss itself raised it, in words of its own."""
    frames = [frame.filename for frame in traceback.extract_tb(error.__traceback__)]
    if "/multiloss/" in frames[-1]:
        return True
    told = [line for line in str(error).splitlines() if line.strip().startswith("File ")]
    return bool(told) and "/multiloss/" in told[-1]  # TensorFlow tells the frames in the message


def _line(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    lines = [line for line in lines if not line.startswith(("File ", "Exception encountered", "in user code"))] or [""]
    text = _UNSTABLE.sub("", " ".join(lines)).split(" Arguments received by ")[0]
    shortened = text if len(text) <= 240 else text[:240] + " ..."
    return f"{type(error).__name__}: {shortened}"
