"""The report as one HTML page that needs nothing else."""

from __future__ import annotations

from collections.abc import Sequence

from .._core.optional import require
from ..experiments import Comparison
from ._canvas import PURPOSE
from ._pictures import Picture

TEMPLATE = "report.html.j2"
SIGNS = {
    "better": "▲",
    "worse": "▼",
    "not distinguishable": "≈",
    "baseline": "●",
    "too few seeds": "?",
    "failed": "✕",
}


def render_page(comparison: Comparison, pictures: Sequence[Picture]) -> str:
    """Fills the template; all text of the user's is escaped."""
    jinja2 = require("jinja2", extra="report", purpose=PURPOSE)
    from . import _words

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("multiloss.reporting", "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    for name in ("number", "percent", "milliseconds", "half_width", "with_code"):
        environment.filters[name] = getattr(_words, name)
    summary = comparison.summary
    return environment.get_template(TEMPLATE).render(
        comparison=comparison,
        summary=summary,
        pictures=pictures,
        signs=SIGNS,
        failed=[run for run in comparison.runs if not run.finished],
        seeds=sorted({run.seed for run in comparison.runs}),
        balancers=comparison.settings.get("balancers", {}),
    )
