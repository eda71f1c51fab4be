"""The hand-written loops train, and the documentation shows parts of them as they are."""

import re
import runpy
from pathlib import Path

import pytest
from keras import ops

from backend import NAME

ROOT = Path(__file__).parents[2]


def test_the_loop_of_this_backend_trains_in_every_way(monkeypatch):
    pytest.importorskip("sklearn")
    monkeypatch.syspath_prepend(str(ROOT / "examples"))
    found = runpy.run_path(str(ROOT / "examples" / f"custom_loop_{NAME}.py"))["main"]()
    assert list(found) == ["aggregated", "solved", "remembering"]
    for way, (accuracy, _) in found.items():
        assert accuracy > 0.9, way
    state = found["remembering"][1]
    cosines = ops.convert_to_numpy(state.get("memory", state)["cosines"])
    assert (abs(cosines) > 1e-3).sum() == 6  # all pairs of different terms were remembered


@pytest.mark.parametrize("name", ["tensorflow", "jax", "torch"])
def test_the_page_shows_the_examples_as_they_are(name):
    page = (ROOT / "docs" / "custom_loops.md").read_text()
    heading = {"tensorflow": "TensorFlow", "jax": "JAX", "torch": "PyTorch"}[name]
    section = page.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    (shown,) = re.findall(r"^```py\n(.*?)^```", section, re.DOTALL | re.MULTILINE)
    assert shown in (ROOT / "examples" / f"custom_loop_{name}.py").read_text()
