"""Finished runs on disk, one file each, so that a comparison can be stopped and taken up again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from ..._core.file_names import file_part
from ..._core.strict_json import write_atomically, write_json
from ._run import Run
from ._train import Trained


class RunStore:
    """Keeps runs under `folder/runs`; without a folder it keeps nothing.

    A run is found again by its label, its seed and the digest of its settings, so that other settings never meet an
    old result, and an old result is never lost.

    Args:
        folder: the comparison's folder; None keeps nothing.
    """

    def __init__(self, folder: Path | None):
        self.folder = None if folder is None else folder / "runs"

    def find(self, label: str, seed: int, settings: str) -> Run | None:
        """The finished run of these settings; failed and unreadable ones count as not there and are run again."""
        path = self._path(label, seed, settings, ".json")
        if path is None or not path.is_file():
            return None
        try:
            run = Run.from_dict(json.loads(path.read_text(encoding="utf-8")))
        except (ValueError, TypeError):
            return None
        return run if run.finished and (run.balancer, run.settings) == (label, settings) else None

    def predictions(self, label: str, seed: int, settings: str) -> dict[str, np.ndarray]:
        """What the run's model predicted for the samples; empty where nothing was kept."""
        path = self._path(label, seed, settings, ".npz")
        if path is None or not path.is_file():
            return {}
        with np.load(path, allow_pickle=False) as archive:
            names = json.loads(str(archive["names"]))
            return {name: archive[str(place)] for place, name in enumerate(names)}

    def keep(self, trained: Trained) -> None:
        """Writes the run; its predictions first, so that a run on disk is whole."""
        run, predictions = trained.run, trained.predictions
        if predictions and (path := self._path(run.balancer, run.seed, run.settings, ".npz")):
            arrays: dict[str, Any] = {str(place): array for place, array in enumerate(predictions.values())}
            names = np.array(json.dumps(list(predictions)))
            write_atomically(path, lambda part: np.savez_compressed(part, names=names, **arrays))
        if path := self._path(run.balancer, run.seed, run.settings, ".json"):
            write_json(path, run.to_dict())

    def _path(self, label: str, seed: int, settings: str, ending: str) -> Path | None:
        if self.folder is None:
            return None
        return self.folder / f"{file_part(label)}-seed{seed}-{settings}{ending}"
