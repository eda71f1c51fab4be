"""The examples of the documentation and of every docstring run as they stand."""

import doctest
import importlib
import pkgutil
import re
from pathlib import Path

import pytest

import multiloss

ROOT = Path(__file__).parents[2]
PAGES = sorted(page.relative_to(ROOT).as_posix() for page in (ROOT / "docs").glob("**/*.md"))
# What the verbs say and do is no matter of the backend; their own tests train on each.
OF_THE_VERBS = ("docs/compare.md", "docs/tune.md", "multiloss.experiments")
SKIPPED = ("multiloss.cli", "multiloss.training.backends", "multiloss.__main__")


def _cases(names):
    marks = pytest.mark.one_backend
    return [pytest.param(name, marks=marks) if name.startswith(OF_THE_VERBS) else name for name in names]


@pytest.mark.parametrize("page", _cases(PAGES))
def test_page(page):
    """All Python blocks of a page, in order, in one namespace."""
    text = (ROOT / page).read_text()
    namespace: dict = {}
    for match in re.finditer(r"^```python\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
        line = text[: match.start()].count("\n") + 1
        exec(compile("\n" * line + match.group(1), page, "exec"), namespace)


def _modules():
    found = pkgutil.walk_packages(multiloss.__path__, "multiloss.")
    return sorted(module.name for module in found if not module.name.startswith(SKIPPED))


@pytest.mark.parametrize("name", _cases(_modules()))
def test_docstrings(name):
    module = importlib.import_module(name)
    flags = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
    assert doctest.testmod(module, optionflags=flags).failed == 0
