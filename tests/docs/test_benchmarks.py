"""The tables of docs/benchmarks.md can be written again, and what writes them keeps to the house's size of a file."""

import importlib.util
from pathlib import Path

import pytest

pytestmark = pytest.mark.one_backend
ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "benchmarks.md"
FILES = sorted((ROOT / "benchmarks").glob("*.py"))


@pytest.fixture(scope="module")
def tables():
    """The module alone: its neighbours need packages that the tests do without."""
    found = importlib.util.spec_from_file_location("tables", ROOT / "benchmarks" / "tables.py")
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["exactness", "solve", "step"])
def test_a_table_is_replaced_and_the_rest_stays(tables, name, tmp_path):
    page = tmp_path / "page.md"
    text = PAGE.read_text(encoding="utf-8")
    page.write_text(text, encoding="utf-8")
    for value in (0.5, 0.25):
        tables.write(page, name, {"upgrad": [{"library": "multiloss", "ms": value}, {"library": "other", "ms": None}]})
    written = page.read_text(encoding="utf-8")
    start, end = written.index(f"<!-- {name}: "), written.index(f"<!-- end of {name} -->")
    assert written[:start] == text[: text.index(f"<!-- {name}: ")]
    assert written[end:] == text[text.index(f"<!-- end of {name} -->") :]
    assert "**upgrad**\n\n| library | ms |\n|---|--:|\n| multiloss | 0.25 |\n| other |  |\n" in written[start:end]
    assert "numpy" in written[start:end]
    assert "0.5" not in written[start:end].split("**upgrad**")[1]


def test_a_page_without_the_place_is_refused(tables, tmp_path):
    page = tmp_path / "page.md"
    page.write_text("nothing", encoding="utf-8")
    with pytest.raises(ValueError, match="needs the lines"):
        tables.write(page, "solve", {"": [{"K": 2}]})


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_file_has_one_subject(path):
    text = path.read_text(encoding="utf-8")
    assert text.startswith('"""')
    assert len(text.splitlines()) <= 300
