"""A fair part of the cases trains the same in multiloss as in plain Keras; `make compatibility` judges all of them.

Which part is fixed by the names: on each backend another one, of about a minute. `COMPATIBILITY=all` takes all cases,
`COMPATIBILITY=3/20` those whose names fall into the fourth of twenty parts.
"""

import os
import zlib

import keras
import pytest

from compatibility.case import DIFFERS, KERAS_FAILS, NOT_TRAINED, SAME, NotTrained
from compatibility.engine import verdict
from compatibility.run import stored
from compatibility.surface import every_case

BACKEND = keras.backend.backend()

PARTS = {"torch": "0/5", "jax": "1/20", "tensorflow": "2/20"}


def _chosen():
    part = os.environ.get("COMPATIBILITY", PARTS[BACKEND])
    for subject, name, case in every_case():
        if isinstance(case, NotTrained):
            continue
        if part != "all":
            number, parts = map(int, part.split("/"))
            if case.slow or zlib.crc32(f"{subject}/{name}".encode()) % parts != number:
                continue
        yield pytest.param(subject, name, case, id=f"{subject}/{name}")


@pytest.mark.parametrize(("subject", "name", "case"), _chosen())
def test_trains_as_keras(subject, name, case):
    """As the page says, or better: what was the same must not be refused, and nothing new may differ."""
    before = stored(BACKEND).get(subject, {}).get(name, {}).get("kind")
    found = verdict(case)
    if found.kind == KERAS_FAILS:
        pytest.skip(found.why)
    if found.kind == before == DIFFERS:
        pytest.xfail(found.why)
    assert found.kind != DIFFERS, found.why
    assert not (before == SAME and found.kind != SAME), found.why
    assert found.kind != NOT_TRAINED
