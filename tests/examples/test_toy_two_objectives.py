"""The toy problem of the CAGrad paper: who reaches the Pareto set, and who its middle."""

import json
import os
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from backend import NAME

EXAMPLE = Path(__file__).parents[2] / "examples" / "toy_two_objectives.py"
# Adam's steps of 0.016 end in a small dance around a minimum.
NEAR = 0.15


@pytest.fixture
def example():
    pytest.importorskip("matplotlib")
    return runpy.run_path(str(EXAMPLE))


RUN = """
import json, runpy, sys
sys.argv = [{path!r}, "--out", {picture!r}]
example = runpy.run_path({path!r})
for name in {without}:
    del example["BALANCERS"][name]
ends = example["main"]()
print(json.dumps([[*key, *map(float, value)] for key, value in ends.items()]))
"""


def run_example(picture):
    """Runs it as a user would, optimised: Aligned-MTL's way depends on the last digits of its steps."""
    without = ["MGDA"] if NAME == "torch" else []  # to save time: without a compiler it takes the longest
    script = RUN.format(path=str(EXAMPLE), picture=str(picture), without=without)
    environment = {name: value for name, value in os.environ.items() if name != "XLA_FLAGS"}
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, timeout=600, check=True
    )
    rows = json.loads(done.stdout.splitlines()[-1])
    return {(name, start): (from_the_set, from_the_middle) for name, start, from_the_set, from_the_middle in rows}


def test_balancers_reach_the_middle_from_every_start_and_the_sum_does_not(tmp_path):
    pytest.importorskip("matplotlib")
    ends = run_example(tmp_path / "trajectories.png")
    for start in range(3):
        for name in ("CAGrad", "Aligned-MTL"):
            from_the_set, from_the_middle = ends[name, start]
            assert from_the_set < NEAR, (name, start)
            assert from_the_middle < NEAR, (name, start)
        if ("MGDA", start) in ends:
            assert ends["MGDA", start][0] < NEAR
    # From (-8.5, -5), MGDA stops where it first meets the Pareto set, far from the middle.
    assert NAME == "torch" or ends["MGDA", 1][1] > 3.0
    # The sum reaches it from the start below, and is still in its valley from the two above.
    assert [ends["plain sum", start][0] < NEAR for start in range(3)] == [False, True, False]
    assert min(ends["plain sum", 0][0], ends["plain sum", 2][0]) > 5.0
    assert (tmp_path / "trajectories.png").read_bytes()[:4] == b"\x89PNG"


def test_no_point_nearby_is_better_in_both_objectives_than_one_of_the_pareto_set(example):
    import keras

    def values(points):
        return keras.ops.convert_to_numpy(example["objectives"](keras.ops.convert_to_tensor(points, "float32")))

    front = example["pareto_set"](21)
    around = np.random.default_rng(0).uniform(-0.3, 0.3, size=(400, 2))
    for point in front:
        better = (values(point + around) < values(point[None]) - 1e-4).all(axis=1)
        assert not better.any()
    np.testing.assert_allclose(front[10], [0.0, -8.3552], atol=1e-3)  # the paper's middle


def test_the_objectives_are_those_of_the_paper(example):
    """Values by hand: above, only the valleys count; below, only the bowls; at x2 = 0, nothing."""
    import keras

    points = np.array([[1.0, 20.0], [-5.0, 20.0], [1.0, -20.0], [3.0, 0.0]], "float32")
    found = keras.ops.convert_to_numpy(example["objectives"](keras.ops.convert_to_tensor(points)))
    expected = [
        [np.log(3.0) + 6, np.log(2.0) + 6],
        [np.log(5e-6) + 6, np.log(5.0) + 6],
        [(36 + 14.4) / 10 - 20, (64 + 14.4) / 10 - 20],
        [0.0, 0.0],
    ]
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)
