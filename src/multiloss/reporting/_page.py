"""Reports as single HTML pages that need nothing else."""

from __future__ import annotations

from typing import Any

from .._core.optional import require
from ._canvas import PURPOSE

FILTERS = ("blank", "chance", "half_width", "memory", "milliseconds", "number", "percent", "with_code")


def render(template: str, **context: Any) -> str:
    """Fills a template that extends `page.html.j2`; all text of the user's is escaped.

    The filters of `_words` that `FILTERS` names are at hand. A name that the context lacks is an error.

    Args:
        template: the file's name in `templates`.
        **context: what the template speaks of.
    """
    jinja2 = require("jinja2", extra="report", purpose=PURPOSE)
    from . import _words

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("multiloss.reporting", "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    for name in FILTERS:
        environment.filters[name] = getattr(_words, name)
    return environment.get_template(template).render(**context).lstrip()
