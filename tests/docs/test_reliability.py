"""docs/reliability.md promises nothing without a test, and each test that it names is there."""

import re
from pathlib import Path

import pytest

pytestmark = pytest.mark.one_backend
TESTS = Path(__file__).parents[1]
PAGE = (TESTS.parent / "docs" / "reliability.md").read_text(encoding="utf-8")
TABLES = re.findall(r"^\| promise \| held by \|\n\|[-|]+\|\n((?:\|.*\n)+)", PAGE, re.MULTILINE)
ROWS = "".join(TABLES).splitlines()
NAMED = re.findall(r"`([\w/]*test_\w+\.py)(?:::(\w+))?`", "\n".join(ROWS))


def test_every_promise_names_a_test():
    assert len(ROWS) > 20
    for row in ROWS:
        assert re.search(r"\| `[\w/]+/test_\w+\.py", row), row


@pytest.mark.parametrize(("file", "name"), NAMED, ids=["::".join(filter(None, each)) for each in NAMED])
def test_it_is_there(file, name):
    text = (TESTS / file).read_text(encoding="utf-8")
    assert not name or re.search(rf"^def {name}\(", text, re.MULTILINE)
