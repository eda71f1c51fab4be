"""Every public class of Keras has a case, and every case has a class."""

import pytest

from compatibility.surface import SUBJECTS, cases, classes, of_class

pytestmark = pytest.mark.one_backend

WITH_CLASSES = [subject for subject, module in SUBJECTS.items() if module is not None]


@pytest.mark.parametrize("subject", WITH_CLASSES)
def test_every_class_has_a_case(subject):
    module = SUBJECTS[subject]
    covered = {of_class(name) for name in cases(subject)}
    lacking = [
        f"no case for {module.__name__}.{name}"
        for name, aliases in classes(module).items()
        if not covered & {name, *aliases}
    ]
    assert not lacking


@pytest.mark.parametrize("subject", WITH_CLASSES)
def test_every_case_has_a_class(subject):
    known = {name for main, aliases in classes(SUBJECTS[subject]).items() for name in (main, *aliases)}
    functions = {name for name in dir(SUBJECTS[subject]) if not name.startswith("_")}
    strings = {name for name in cases(subject) if name.startswith('"')}
    named = {of_class(name).removesuffix("()") for name in set(cases(subject)) - strings}
    assert named <= known | functions
