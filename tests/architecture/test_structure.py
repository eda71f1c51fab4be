"""The rules of the house that import-linter cannot say."""

import re
from pathlib import Path

import pytest

pytestmark = pytest.mark.one_backend

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "multiloss"
FILES = sorted(SOURCE.rglob("*.py"))


def test_private_keras_only_in_the_seams():
    touching = [path.relative_to(SOURCE).as_posix() for path in FILES if re.search(r"keras\.src", path.read_text())]
    assert touching == ["_core/keras_masks.py", "training/_keras_seams.py"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(SOURCE).as_posix())
def test_a_file_has_one_subject(path):
    lines = path.read_text().splitlines()
    assert len(lines) <= 300, f"{path.name} has {len(lines)} lines"
    assert path.read_text().startswith('"""'), f"{path.name} does not say what it is about"


def test_no_all_lists_and_no_drawer():
    assert not [path for path in FILES if "__all__" in path.read_text()]
    assert not [path for path in FILES if path.stem in ("utils", "helpers", "misc", "common")]


def test_every_value_error_follows_the_recipe():
    """Errors are built by `_core.errors`, which says what was expected and what was received."""
    bare = []
    for path in FILES:
        if path.name == "errors.py":
            continue
        bare += [
            f"{path.name}: {line.strip()}" for line in path.read_text().splitlines() if "raise ValueError(" in line
        ]
    allowed = {"raise ValueError(_message(terms, int(incident[STEP]), bool(incident[IN_GRADIENT]), self.names))"}
    assert {entry.split(": ", 1)[1] for entry in bare} <= allowed
