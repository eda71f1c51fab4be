"""Every kind of file that we write, twice: as it was, and as it shall be."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from multiloss._core.stored import read_checked, write_checked
from multiloss.cli._app import run as run_command
from multiloss.experiments import Comparison, Run, Samples
from multiloss.experiments.runs import RunStore
from multiloss.experiments.runs._train import Trained
from multiloss.experiments.tuning import Tuning
from multiloss.experiments.tuning._candidate import Candidate
from multiloss.experiments.tuning._objective import TrialObjective
from multiloss.experiments.tuning._record import TrialRecord
from multiloss.reporting._pictures import Picture
from multiloss.reporting._publish import publish


def run_of(version: int) -> Run:
    return Run("a b", 3, {"mae": 1.0 / version}, history={"loss": [0.1 * version, None]}, settings="abc", seconds=1.5)


def predictions_of(version: int) -> dict[str, np.ndarray]:
    return {"x/y": np.full((20, 30), version, "float32"), "z": np.arange(5) + version}


@functools.cache
def comparison_of(version: int) -> Comparison:
    runs = [Run(name, seed, {"mae": version + 0.1 * seed}) for name in ("fixed", "pcgrad") for seed in range(3)]
    inputs = {"image": np.full((3, 4), version)}
    samples = Samples(inputs, {"m": np.arange(3)}, {"fixed": {"m": np.full((3, 2), 0.5 * version)}}, seed=0)
    return Comparison("sizes", "fixed", {"mae": "min"}, runs, {"epochs": version}, "Sizes.", samples)


def tuning_of(version: int) -> Tuning:
    trials = tuple(
        TrialRecord(number, "search", "finished", (0.1 * number + version,), Candidate({"a": 1.0, "b": 0.5}))
        for number in range(4)
    )
    return Tuning("sizes", "random", TrialObjective({"mae": "min"}), trials, "equal weights", {"epochs": version})


def _plain(arrays: Mapping[str, np.ndarray]) -> dict[str, Any]:
    return {name: [str(array.dtype), array.tolist()] for name, array in arrays.items()}


def _read_run(folder: Path) -> Any:
    store = RunStore(folder)
    found = store.find("a b", 3, "abc")
    return None if found is None else found.to_dict()


def _read_predictions(folder: Path) -> Any:
    return _plain(RunStore(folder).predictions("a b", 3, "abc")) or None


def _read_comparison(folder: Path) -> Any:
    return Comparison.load(folder).to_dict()


def _read_samples(folder: Path) -> Any:
    samples = Comparison.load(folder).samples
    if samples is None:
        return None
    by_balancer = {name: _plain(arrays) for name, arrays in samples.predictions.items()}
    return [_plain(samples.inputs), _plain(samples.targets), by_balancer, samples.seed]


def _publish(folder: Path, version: int) -> None:
    picture = Picture("curves", "Curves", "Read them.", bytes([version]) * 5000, b"")
    publish(folder, f"<p>{version}</p>" * 500, [picture])


def _init(folder: Path, version: int) -> None:
    code = run_command(["init", str(folder / "mine.py"), "--force"])
    if code:
        raise OSError(f"exit code {code}")


@dataclass(frozen=True)
class Kind:
    """A kind of file.

    Attributes:
        write: writes one version of it into a folder.
        read: what a folder says; None where it says nothing. None where only people read it.
        pattern: of the files that are read.
    """

    write: Callable[[Path, int], Any]
    read: Callable[[Path], Any] | None = None
    pattern: str = ""


def _keep(folder: Path, version: int) -> None:
    RunStore(folder).keep(Trained(run_of(version), predictions_of(version)))


KINDS = {
    "run": Kind(_keep, _read_run, "runs/*.json"),
    "predictions of a run": Kind(_keep, _read_predictions, "runs/*.npz"),
    "found weights": Kind(
        lambda folder, version: write_checked(folder / "weights.json", {"a": 0.1 * version, "b": 2.0}),
        lambda folder: read_checked(folder / "weights.json"),
        "weights.json",
    ),
    "results of compare": Kind(
        lambda folder, version: comparison_of(version).save(folder), _read_comparison, "results.json"
    ),
    "samples": Kind(lambda folder, version: comparison_of(version).save(folder), _read_samples, "samples.npz"),
    "results of tune": Kind(
        lambda folder, version: tuning_of(version).save(folder),
        lambda folder: Tuning.load(folder).to_dict(),
        "results.json",
    ),
    "report and pictures": Kind(_publish),
    "problem file": Kind(_init),
}
