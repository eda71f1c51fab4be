"""Reports as single HTML pages that need nothing else."""

from __future__ import annotations

from typing import Any

from .._core.optional import require
from .._core.wording import (
    counted,
    memory,
    milliseconds,
    number,
    percent,
    seconds,
    signed_percent,
    significant,
)
from ._canvas import PURPOSE

WORDS = (counted, memory, milliseconds, number, percent, seconds, significant, signed_percent)


def render(template: str, **context: Any) -> str:
    """Fills a template that extends `page.html.j2`; all text of the user's is escaped.

    `WORDS` and the functions of `_filters` are at hand as filters. A name that the context lacks is an error.

    Args:
        template: the file's name in `templates`.
        **context: what the template speaks of.
    """
    jinja2 = require("jinja2", extra="report", purpose=PURPOSE)
    from ._filters import FILTERS

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("multiloss.reporting", "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters.update({word.__name__: word for word in (*WORDS, *FILTERS)})
    return environment.get_template(template).render(**context).lstrip()
