"""`diagnose`: a few batches through the untrained model, and what they say."""

from __future__ import annotations

import dataclasses
import platform
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from .._core.errors import invalid
from .._core.places import check_folder
from .._core.results import RESULTS
from .._core.versions import package_version
from .._core.wording import percent
from ..problems import Problem, with_fresh_names
from ..terms import Constraint, Description
from ..training import MultiLossModel, probe_changed
from ..training import compile as compile_trainer
from ..training.reading import BATCH_SIZE, Batches
from . import findings as findings  # registers the checks
from ._diagnosis import Diagnosis
from ._finding import Finding, find
from ._measurement import Measurement
from ._measurements import Measurements, gather
from ._term_report import report_terms

BATCHES = 8


def diagnose(
    problem: Problem | MultiLossModel,
    data: Any = None,
    *,
    batches: int = BATCHES,
    seed: int = 0,
    batch_size: int | None = None,
    out: str | Path | None = None,
) -> Diagnosis:
    """Looks at a problem before it is trained: what each term weighs, where they conflict, and what is wrong.

    A few training batches go through the model in training mode; nothing is trained and nothing is changed. Targets
    and inputs given as arrays are looked at as a whole, those of other data sets as far as the batches go.

    Costs, for each batch, one forward and as many backward passes as there are terms, and a look through the arrays.

    Args:
        problem: a `multiloss.Problem`, whose model is built anew from `seed`; or a compiled trainer, as it is now.
        data: for a trainer: `(x, y)` or `(x, y, sample_weight)` of arrays, or any data set that `fit` takes. A
            `Problem` brings its own.
        batches: how many batches to look at, at least 1. Below about 4, "in all batches" says little.
        seed: of the initial weights of a `Problem`, and of the choice of samples.
        batch_size: samples in a batch of arrays; None takes the problem's, or 32.
        out: a folder for `results.json` and `results.csv`.

    Returns:
        Findings, the most severe first, with what to do about each; and the numbers behind them.

    Raises:
        ValueError: for arguments of the wrong kind, and for data that do not fit the terms.

    Example:
        >>> import keras
        >>> import numpy as np
        >>> import multiloss as ml
        >>> keras.utils.set_random_seed(0)
        >>> x = np.random.default_rng(0).normal(size=(256, 4)).astype("float32")
        >>> y = {"near": x[:, :1] - x[:, 1:2], "far": 1000 * x[:, 2:3]}
        >>> image = keras.Input((4,))
        >>> shared = keras.layers.Dense(8, activation="tanh")(image)
        >>> model = keras.Model(image, {name: keras.layers.Dense(1)(shared) for name in y})
        >>> trainer = ml.compile(model, "adam", loss={"near": "mse", "far": "mse"})
        >>> diagnosis = ml.diagnose(trainer, (x, y))
        >>> [finding.name for finding in diagnosis.of("warning")]
        ['far target', 'dominance']
    """
    for name, value in (("batches", batches), ("batch_size", 1 if batch_size is None else batch_size)):
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise invalid(f"`{name}` must be an integer of at least 1", received=value)
    if out is not None:
        check_folder("`out`", out, [RESULTS])
    trainer, data, size, label, description = _prepared(problem, data, seed)
    source = Batches(data, batch_size or size, seed)
    seen = source.first(batches)
    measurements = _examined(trainer, source, seen)
    found = find(measurements)
    diagnosis = Diagnosis(
        problem=label,
        terms=tuple(report_terms(measurements)),
        findings=tuple(
            found if any(f.severity in ("error", "warning") for f in found) else [*found, _fine(measurements)]
        ),
        **_matrices(measurements),
        shared=measurements.measured.shared if measurements.measured else (),
        settings=_settings(seen, seed),
        description=description,
    )
    if out is not None:
        diagnosis.save_if_possible(Path(out))
    return diagnosis


def _prepared(problem: Any, data: Any, seed: int) -> tuple[MultiLossModel, Any, int, str, str]:
    """Trainer, data, batch size, name and description."""
    if isinstance(problem, Problem):
        if data is not None:
            raise invalid("A Problem brings its own training data", received="`data` as well", fix="Leave `data` out.")
        trainer = compile_trainer(
            with_fresh_names(lambda: problem.new_model(seed)),
            optimizer=problem.new_optimizer(),
            loss=problem.new_loss(),
            loss_weights=problem.loss_weights,
        )
        return trainer, problem.train, problem.batch_size, problem.name, problem.description
    if not isinstance(problem, MultiLossModel):
        raise invalid(
            "`problem` must be a multiloss.Problem or a compiled trainer",
            received=type(problem).__name__,
            fix="Wrap a model with ml.compile(model, ..., loss=...).",
        )
    if not problem.compiled:
        raise invalid(
            "A trainer must be compiled to be diagnosed", received="one without losses", fix="Call its `compile` first."
        )
    if data is None:
        raise invalid(
            "A trainer needs data to be diagnosed on", received="data=None", fix="Write ml.diagnose(trainer, (x, y))."
        )
    return problem, data, BATCH_SIZE, problem.model.name, ""


def _examined(trainer: MultiLossModel, source: Batches, seen: Sequence[tuple[Any, Any, Any]]) -> Measurements:
    """Everything measured; without gradients where the data's own faults keep the first batch from being evaluated."""
    try:
        probes = [trainer.probe(*batch) for batch in seen]
    except Exception:
        measurements = gather(trainer, seen, source, None, [])
        if any(finding.severity == "error" for finding in find(measurements)):
            return measurements
        raise
    terms = trainer.terms.values()
    counted = [not isinstance(term.description, Constraint) for term in terms]
    # A model that may have losses of its own has a term for them, which is empty where it has none after all.
    kept = [term.description is not None or bool(probes[0].connected[term.index]) for term in terms]

    def measure(changed: Mapping[str, Description]) -> Measurement:
        return Measurement.of(probe_changed(trainer.program, changed, seen), counted, kept)

    measurements = gather(trainer, seen, source, Measurement.of(probes, counted, kept), probes)
    return dataclasses.replace(measurements, measure=measure)


def _matrices(measurements: Measurements) -> dict[str, Any]:
    measured = measurements.measured
    if measured is None:
        unknown = np.full((len(measurements.terms),) * 2, np.nan)
        nothing = {"raw": float("nan"), "normalised": float("nan")}
        return {"cosines": unknown, "conflicts": unknown, "similarities": unknown, "condition": nothing}
    return {
        "cosines": measured.mean_cosines(),
        "conflicts": measured.conflicts(),
        "similarities": measured.similarities(),
        "condition": {
            "raw": measured.condition(normalised=False),
            "normalised": measured.condition(normalised=True),
        },
    }


def _fine(measurements: Measurements) -> Finding:
    """That nothing is wrong, with the numbers that say so."""
    assert measurements.measured is not None
    pairs = zip(measurements.measured.names, measurements.measured.shares(), strict=True)
    known = {term: share for term, share in pairs if np.isfinite(share)}
    message = "Labels, losses, activations and gradients are in order."
    if len(known) > 1:
        least, most = min(known, key=known.__getitem__), max(known, key=known.__getitem__)
        message += (
            f" The terms' parts of the gradient lie between {percent(known[least])} (`{least}`) and "
            f"{percent(known[most])} (`{most}`)."
        )
    return Finding("fine", "fine", (), message)


def _settings(seen: Sequence[tuple[Any, Any, Any]], seed: int) -> dict[str, Any]:
    sizes = [len(keras.tree.flatten(batch[0])[0]) for batch in seen]
    backend = keras.backend.backend()
    return {
        "batches": len(seen),
        "batch_size": max(sizes),
        "samples": sum(sizes),
        "seed": seed,
        "backend": backend,
        "dtype_policy": keras.config.dtype_policy().name,
        "versions": {name: package_version(name) for name in ("multiloss", "keras", backend)},
        "python": platform.python_version(),
    }
