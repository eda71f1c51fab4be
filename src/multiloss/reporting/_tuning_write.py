"""Writes the report of a search."""

from __future__ import annotations

from pathlib import Path

from ..experiments.tuning import Tuning
from ._page import render
from ._publish import publish
from ._tuning_pictures import draw_tuning

SIGNS = {"better": "▲", "worse": "▼", "not distinguishable": "≈", "nothing better": "≈", "failed": "✕"}


def write_tuning(tuning: Tuning, folder: str | Path) -> Path:
    """Writes `report.html`, which needs no network, and the same as `results.json`, `results.csv` and pictures.

    Needs matplotlib and Jinja2: `pip install 'multiloss[report]'`.

    Args:
        tuning: from `tune`, or `Tuning.load`.
        folder: made when it is not there.

    Returns:
        The path of `report.html`.

    Raises:
        ImportError: without the extra "report".
    """
    folder = Path(folder)
    pictures = draw_tuning(tuning)
    terms = list(dict.fromkeys(term for trial in tuning.trials for term in trial.candidate.weights))
    page = render(
        "tuning.html.j2",
        tuning=tuning,
        best=tuning.best,
        standing=tuning.confirmed,
        baseline=_baseline_standing(tuning),
        terms=terms,
        front={trial.number for trial in tuning.front},
        pictures=pictures,
        sign=SIGNS.get(tuning.verdict, "?"),
        with_balancers=len({trial.candidate.balancer for trial in tuning.trials}) > 1,
        stopped={
            "stopped early": sum(trial.state == "pruned" for trial in tuning.trials),
            "failed": sum(trial.state == "failed" for trial in tuning.trials),
        },
    )
    tuning.save(folder)
    return publish(folder, page, pictures)


def _baseline_standing(tuning: Tuning) -> object:
    summary = tuning.confirmation.summary if tuning.confirmation else []
    return next((standing for standing in summary if standing.balancer == tuning.baseline), None)
