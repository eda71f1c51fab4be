"""The report of a comparison as a page."""

from __future__ import annotations

from collections.abc import Sequence

from ..experiments import Comparison
from ._page import render
from ._pictures import Picture

SIGNS = {
    "better": "▲",
    "worse": "▼",
    "not distinguishable": "≈",
    "baseline": "●",
    "too few seeds": "?",
    "failed": "✕",
}


def render_comparison(comparison: Comparison, pictures: Sequence[Picture]) -> str:
    """Fills the template of comparisons."""
    summary = comparison.summary
    return render(
        "comparison.html.j2",
        comparison=comparison,
        summary=summary,
        settings=comparison.settings,
        timed=comparison.settings.get("budget", "epochs") != "epochs",
        resampled=any(standing.improvement.bootstrap for standing in summary),
        pictures=pictures,
        signs=SIGNS,
        failed=[run for run in comparison.runs if not run.finished],
        seeds=sorted({run.seed for run in comparison.runs}),
        balancers=comparison.settings.get("balancers", {}),
    )
