"""Writes the report of a diagnosis."""

from __future__ import annotations

from pathlib import Path

from ..diagnostics import Diagnosis
from ._diagnosis_page import render_diagnosis
from ._diagnosis_pictures import draw_diagnosis
from ._publish import publish


def write_diagnosis(diagnosis: Diagnosis, folder: str | Path) -> Path:
    """Writes `report.html`, which needs no network, and the same as `results.json`, `results.csv` and pictures.

    Needs matplotlib and Jinja2: `pip install 'multiloss[report]'`.

    Args:
        diagnosis: from `diagnose`.
        folder: made when it is not there.

    Returns:
        The path of `report.html`.

    Raises:
        ImportError: without the extra "report".
    """
    folder = Path(folder)
    pictures = draw_diagnosis(diagnosis)
    page = render_diagnosis(diagnosis, pictures)
    diagnosis.save(folder)
    return publish(folder, page, pictures)
