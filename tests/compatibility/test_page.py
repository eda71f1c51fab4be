"""The page is made from the verdicts that are stored; no case is left out of them."""

import json

import keras
import pytest

from compatibility.case import DIFFERS
from compatibility.page import BACKENDS, PAGE, page
from compatibility.run import FOLDER, stored
from compatibility.surface import SUBJECTS, cases

pytestmark = [
    pytest.mark.one_backend,
    pytest.mark.skipif("dev" in keras.__version__, reason="the verdicts are of a release of Keras, and this is none"),
]


def test_the_page_is_that_of_the_verdicts():
    assert PAGE.read_text() == page(), "run: KERAS_BACKEND=torch PYTHONPATH=tests python -m compatibility.page"


@pytest.mark.parametrize("backend", BACKENDS)
def test_verdicts_are_of_known_subjects(backend):
    assert set(json.loads((FOLDER / f"{backend}.json").read_text())) <= set(SUBJECTS)


@pytest.mark.parametrize("backend", BACKENDS)
def test_every_case_is_judged_and_none_differs(backend):
    judged = stored(backend)
    names = [(subject, name) for subject in SUBJECTS for name in cases(subject)]
    kinds = {f"{subject}/{name}": judged[subject].get(name, {}).get("kind") for subject, name in names}
    assert None not in kinds.values(), [title for title, kind in kinds.items() if kind is None]
    assert DIFFERS not in kinds.values(), [title for title, kind in kinds.items() if kind == DIFFERS]
