"""Where nothing could be kept, the verbs say so before they build or train anything."""

import numpy as np
import pytest

import multiloss as ml
from multiloss.experiments import compare
from multiloss.experiments.tuning import tune
from multiloss.problems import Problem

pytestmark = pytest.mark.one_backend


def _never():
    raise AssertionError("a model was built")


def _problem():
    data, of_a = (np.zeros((1, 1)), {"a": np.zeros((1, 1))}), {"a": "mae"}
    return Problem("never", _never, loss=of_a, train=data, validation=data, metrics=of_a, score={"mae": "min"})


@pytest.mark.parametrize(
    ("verb", "part"),
    [
        (compare, "runs"),
        (tune, "confirmation"),
        (compare, "results.json"),
        (tune, "results.json"),
        (ml.diagnose, "results.json"),
    ],
)
def test_what_stands_in_the_place_of_a_part_is_told_first(verb, part, tmp_path):
    if part == "results.json":
        (tmp_path / part).mkdir()
    else:
        (tmp_path / part).write_text("mine")
    with pytest.raises(ValueError, match=f"In `out`, '{part}.*' must be a "):
        verb(_problem(), out=tmp_path)
