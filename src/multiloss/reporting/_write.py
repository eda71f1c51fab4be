"""Writes the report of a comparison."""

from __future__ import annotations

from pathlib import Path

from ..experiments import Comparison
from ._comparison_page import render_comparison
from ._comparison_pictures import draw_comparison
from ._publish import publish


def write_report(comparison: Comparison, folder: str | Path) -> Path:
    """Writes `report.html`, which needs no network, and the same as `results.json`, CSV files and pictures.

    Needs matplotlib and Jinja2: `pip install 'multiloss[report]'`.

    Args:
        comparison: from `compare`, or `Comparison.load`.
        folder: made when it is not there.

    Returns:
        The path of `report.html`.

    Raises:
        ImportError: without the extra "report".

    Example:
        >>> import tempfile
        >>> from multiloss.experiments import Run
        >>> runs = [Run("fixed", 0, {"mae": 2.0}), Run("pcgrad", 0, {"mae": 1.0})]
        >>> comparison = Comparison("sizes", "fixed", {"mae": "min"}, runs)
        >>> write_report(comparison, tempfile.mkdtemp()).name
        'report.html'
    """
    folder = Path(folder)
    pictures = draw_comparison(comparison)
    page = render_comparison(comparison, pictures)
    comparison.save(folder)
    return publish(folder, page, pictures)
