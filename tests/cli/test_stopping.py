"""A real process that is stopped, politely and not, and taken up again."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import time

import pytest
from typer.testing import CliRunner

from multiloss.cli._app import app

pytestmark = pytest.mark.one_backend

# Each training waits a little, so that a signal always finds the process at work.
PROBLEM = """
    import time

    import keras
    import numpy as np
    import multiloss as ml

    def build_model():
        time.sleep(0.5)
        x = keras.Input((3,))
        shared = keras.layers.Dense(4)(x)
        return keras.Model(x, {"a": keras.layers.Dense(1)(shared), "b": keras.layers.Dense(1)(shared)})

    def problem():
        x = np.random.default_rng(0).normal(size=(64, 3)).astype("float32")
        data = x, {"a": x[:, :1], "b": 50.0 * x[:, 1:2]}
        return ml.Problem("mine", build_model, loss={"a": "mse", "b": "mse"}, train=data, validation=data,
                          metrics={"a": ["mae"]}, score={"a_mae": "min"})
"""
RUNS = 12


@pytest.fixture
def command(tmp_path):
    path = tmp_path / "my_problem.py"
    path.write_text(textwrap.dedent(PROBLEM))
    options = ["--balancers", "fixed", "--epochs", "2", "--seeds", str(RUNS), "--tuned-trials", "0"]
    return ["compare", str(path), *options, "--out", str(tmp_path / "kept")]


def stopped_by(sign, command, folder, runs):
    """Starts the command, and sends the signal once so many runs are kept."""
    # Tests that run in the background of a shell ignore Ctrl-C, and so would what they start.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    process = subprocess.Popen(
        [sys.executable, "-m", "multiloss", *command],
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    signal.signal(signal.SIGINT, before)
    try:
        deadline = time.monotonic() + 240
        while len(list(folder.glob("runs/[!.]*.json"))) < runs:
            assert process.poll() is None, process.stderr.read()
            assert time.monotonic() < deadline
            time.sleep(0.01)
        process.send_signal(sign)
        out, err = process.communicate(timeout=120)
    finally:
        process.kill()
    return process.returncode, out, err


def test_ctrl_c_stops_cleanly_and_says_how_to_go_on(command, tmp_path):
    code, out, err = stopped_by(signal.SIGINT, command, tmp_path / "kept", runs=1)
    assert code == 130
    assert out == ""
    assert "Traceback" not in err
    last = err.strip().splitlines()[-1]
    assert last.startswith(f"multiloss: stopped. Finished runs are kept in {tmp_path / 'kept'}.")
    assert f"multiloss compare {tmp_path / 'my_problem.py'}" in last


def test_a_killed_comparison_loses_at_most_one_run(command, tmp_path):
    code, _, err = stopped_by(signal.SIGKILL, command, tmp_path / "kept", runs=2)
    assert code == -signal.SIGKILL
    finished = err.count(" s\n")
    kept = len(list((tmp_path / "kept").glob("runs/[!.]*.json")))
    assert 2 <= kept < RUNS
    # A run is kept before it is told of.
    assert finished <= kept <= finished + 1
    result = CliRunner().invoke(app, [*command, "--json"])
    assert result.exit_code == 0, result.stderr
    assert result.stderr.count("taken from an earlier run") == kept, result.stderr
    document = json.loads(result.stdout)
    assert [run["seed"] for run in document["runs"]] == list(range(RUNS))
    assert not [run for run in document["runs"] if run["error"]]
