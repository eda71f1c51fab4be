"""Half characters, as `os.listdir` gives for names in another encoding: names with them are refused, texts escaped."""

import json
import zipfile
from dataclasses import replace

import keras
import numpy as np
import pytest
from test_unsafe_names import comparison

import multiloss as ml
from multiloss.experiments import contenders
from multiloss.experiments.tuning import tune
from multiloss.reporting import write_report

pytestmark = pytest.mark.one_backend

HALF = "caf\udce9"
TOLD = r"must be text that can be written to a file\. Received: 'caf\\udce9'\."


def _build():
    x = keras.Input((2,))
    return keras.Model(x, {"a": keras.layers.Dense(1)(x)})


def _problem(name="plain", score="mae"):
    data = (np.zeros((4, 2)), {"a": np.zeros((4, 1))})
    of_a = {"a": "mae"}
    return ml.Problem(name, _build, loss=of_a, train=data, validation=data, metrics=of_a, score={score: "min"})


@pytest.mark.parametrize(
    ("what", "make"),
    [
        ("A name in `loss`", lambda: ml.compile(_build(), "sgd", loss={HALF: ml.Term("mse", output="a")})),
        ("The name of a problem", lambda: _problem(HALF)),
        ("A metric's name in `score`", lambda: _problem(score=HALF)),
        ("The label of a contender", lambda: contenders({HALF: None})),
        ("`study_name`", lambda: tune(_problem(), study_name=HALF)),
    ],
)
def test_a_name_is_refused_before_anything_is_trained(what, make):
    with pytest.raises(ValueError, match=f"^{what} {TOLD}"):
        make()


def test_what_others_say_stands_escaped_in_every_file(tmp_path):
    """The system's errors quote names of files as they are."""
    result = comparison("plain")
    first, *others = result.runs
    failed = replace(first, error=f"No such file: {HALF}", metrics={}, history={})
    samples = replace(result.samples, predictions={name: {HALF: np.zeros((2, 4, 4, 1))} for name in result.balancers})
    result = replace(result, runs=[failed, *others], description=HALF, samples=samples)
    page = write_report(result, tmp_path).read_text(encoding="utf-8")
    assert "caf\\udce9" in page
    assert json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))["description"] == HALF
    assert type(result).load(tmp_path).description == HALF
    assert "caf\\udce9" in (tmp_path / "results.csv").read_text(encoding="utf-8")
    assert zipfile.is_zipfile(tmp_path / "samples.npz")
