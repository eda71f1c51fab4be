"""Finished runs on disk, one file each, so that a comparison can be stopped and taken up again."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import numpy as np

from ..._core.damage import damaged
from ..._core.errors import cannot_write
from ..._core.file_names import file_part
from ..._core.stored import (
    StorageWarning,
    read_arrays,
    read_checked,
    set_aside,
    write_arrays,
    write_checked,
)
from ._run import Run
from ._train import Trained

# The folder of the runs within that of a comparison.
RUNS = "runs"


class RunStore:
    """Keeps runs under `folder/runs`; without a folder it keeps nothing.

    A run is found again by its label, its seed and the digest of its settings, so that other settings never meet an
    old result, and an old result is never lost.

    Args:
        folder: the comparison's folder; None keeps nothing.
    """

    def __init__(self, folder: Path | None):
        self.folder = None if folder is None else folder / RUNS
        self._told = False

    def find(self, label: str, seed: int, settings: str, failed_too: bool = False) -> Run | None:
        """The finished run of these settings; failed ones count as not there, unreadable ones are set aside.

        Args:
            label: the balancer's.
            seed: the run's.
            settings: digest of everything that it depends on.
            failed_too: a failed run counts as well: another process has just had it.
        """
        path = self._path(label, seed, settings, ".json")
        if path is None or not path.is_file():
            return None
        try:
            data = read_checked(path)
            try:
                run = Run.from_dict(data)
            except TypeError as error:
                raise damaged(path, str(error)) from error
        except ValueError as error:
            set_aside(path, error, "The run is trained again")
            return None
        return run if (run.finished or failed_too) and (run.balancer, run.settings) == (label, settings) else None

    def predictions(self, label: str, seed: int, settings: str) -> dict[str, np.ndarray]:
        """What the run's model predicted for the samples; empty where nothing was kept."""
        path = self._path(label, seed, settings, ".npz")
        if path is None or not path.is_file():
            return {}
        try:
            arrays = read_arrays(path)
            try:
                return {name: arrays[str(place)] for place, name in enumerate(json.loads(str(arrays["names"])))}
            except (KeyError, ValueError) as error:
                raise damaged(path, str(error)) from error
        except ValueError as error:
            set_aside(path, error, "The report shows no samples of this run")
            return {}

    def keep(self, trained: Trained) -> None:
        """Writes the run; its predictions first, so that a run on disk is whole."""
        run, predictions = trained.run, trained.predictions
        if predictions and (path := self._path(run.balancer, run.seed, run.settings, ".npz")):
            by_place = {str(place): array for place, array in enumerate(predictions.values())}
            write_arrays(path, {"names": np.array(json.dumps(list(predictions))), **by_place})
        if path := self._path(run.balancer, run.seed, run.settings, ".json"):
            write_checked(path, run.to_dict())

    def keep_if_possible(self, trained: Trained) -> None:
        """As `keep`; where nothing can be written the run lives on, and one warning says so."""
        try:
            self.keep(trained)
        except OSError as error:
            if not self._told:
                warnings.warn(
                    f"A run was not kept: {cannot_write(error)} It counts all the same, but the same call would train "
                    "it again.",
                    StorageWarning,
                    stacklevel=2,
                )
            self._told = True

    @staticmethod
    def name(label: str, seed: int) -> str:
        """The begin of the names of a run's files, whatever its settings."""
        return f"{file_part(label)}-seed{seed}"

    def _path(self, label: str, seed: int, settings: str, ending: str) -> Path | None:
        if self.folder is None:
            return None
        return self.folder / f"{self.name(label, seed)}-{settings}{ending}"
