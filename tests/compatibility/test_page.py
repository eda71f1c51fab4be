"""The page is made from the verdicts that are stored; no case is left out of them."""

import json

import pytest

from compatibility.page import BACKENDS, PAGE, page
from compatibility.run import FOLDER
from compatibility.surface import SUBJECTS

pytestmark = pytest.mark.one_backend


def test_the_page_is_that_of_the_verdicts():
    assert PAGE.read_text() == page(), "run: KERAS_BACKEND=torch PYTHONPATH=tests python -m compatibility.page"


@pytest.mark.parametrize("backend", BACKENDS)
def test_verdicts_are_of_known_subjects(backend):
    stored = json.loads((FOLDER / f"{backend}.json").read_text())
    assert set(stored) <= set(SUBJECTS)
