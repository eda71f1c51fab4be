"""`multiloss tune`: what it passes on, what it prints, what it writes, and how it ends."""

import json

import pytest
from typer.testing import CliRunner

import multiloss.cli._tune as command
from multiloss.cli._app import app, run
from multiloss.experiments.tuning import Tuning

pytestmark = pytest.mark.one_backend

PROBLEM = """
import keras
import numpy as np
import multiloss as ml

def build_model():
    x = keras.Input((3,))
    shared = keras.layers.Dense(4)(x)
    return keras.Model(x, {name: keras.layers.Dense(1, name=name)(shared) for name in ("a", "b")})

def problem():
    print("the problem speaks")
    x = np.random.default_rng(0).normal(size=(32, 3)).astype("float32")
    data = x, {"a": x[:, :1], "b": 50.0 * x[:, 1:2]}
    both = ("a", "b")
    return ml.Problem("mine", build_model, loss=dict.fromkeys(both, "mse"), train=data, validation=data,
                      metrics=dict.fromkeys(both, "mae"), score={"a_mae": "min", "b_mae": "min"})
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text(PROBLEM, encoding="utf-8")
    return tmp_path


@pytest.fixture
def asked(monkeypatch):
    """What the command would have searched."""
    calls = []

    def search(problem, method, **options):
        calls.append({"problem": problem, "method": method, **options})
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "run_search", search)
    return calls


def invoke(*arguments):
    return CliRunner().invoke(app, ["tune", "mine.py:problem", *arguments], catch_exceptions=False)


def test_a_search_from_end_to_end(folder):
    options = ["--trials", "2", "--epochs", "1", "--seeds", "0"]
    result = invoke(*options, "--json")
    assert result.exit_code == 0
    document = json.loads(result.stdout)
    assert document["headline"]
    assert (folder / "tune.db").is_file()
    assert document == {**Tuning.load(folder / "tuning").to_dict(), "report": document["report"]}
    assert "<html" in (folder / "tuning" / "report.html").read_text(encoding="utf-8")
    again = invoke(*options)
    assert again.exit_code == 0
    # Nothing was trained: no trial and no run is told of.
    assert "[1/" not in again.stderr
    text = " ".join(again.stdout.split())
    assert document["headline"] in text
    assert document["best"]["code"] in again.stdout
    assert "weight of b" in text


def test_options_are_passed_on(folder, asked):
    invoke(
        "--method",
        "random",
        "--trials",
        "7",
        "--epochs",
        "2",
        "--seeds",
        "0",
        "--seed",
        "3",
        "--no-pruning",
        "--study",
        "x",
        "--storage",
        "sqlite:///y.db",
        "--workers",
        "2",
        "--out",
        "z",
    )
    (call,) = asked
    expected = {
        "method": "random",
        "trials": 7,
        "epochs": 2,
        "confirm_seeds": 0,
        "seed": 3,
        "pruning": False,
        "study_name": "x",
        "storage": "sqlite:///y.db",
        "workers": 2,
        "search": "weights",
        "objective": None,
    }
    assert {name: call[name] for name in expected} == expected
    # Each worker makes the problem itself.
    assert call["problem"]().name == "mine"


@pytest.mark.parametrize(
    ("arguments", "search"),
    [
        (["--search", "balancers"], "balancers"),
        (["--weights", "b=1e-6..1, a=1|2"], {"weights": {"b": "1e-6..1", "a": "1|2"}}),
        (["--balancers", "fixed,pcgrad"], {"weights": True, "balancers": "fixed,pcgrad"}),
        (
            ["--search", "balancers", "--balancers", "fixed,cagrad(c=0.1..0.9)"],
            {"weights": False, "balancers": "fixed,cagrad(c=0.1..0.9)"},
        ),
        (
            ["--search", "all", "--weights", "b=0.1"],
            {"weights": {"b": "0.1"}, "balancers": ["fixed", "uncertainty", "mgda"]},
        ),
    ],
)
def test_what_is_searched(folder, asked, arguments, search):
    invoke(*arguments)
    assert asked[0]["search"] == search


def test_objectives_with_a_direction(folder, asked):
    invoke("--objective", "a_mae=min, c=max")
    assert asked[0]["objective"] == {"a_mae": "min", "c": "max"}


def test_control_c_says_how_to_go_on(folder, asked, capsys):
    assert run(["tune", "mine.py:problem"]) == 130
    (line,) = [line for line in capsys.readouterr().err.splitlines() if line.startswith("multiloss:")]
    assert "Finished trials are kept in sqlite:///tune.db." in line
    assert "give the same command again" in line


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--method", "simplex"], "Unknown method 'simplex'"),
        (["--search", "weigths"], "Did you mean 'weights'"),
        (["--objective", "val_loss"], "the weights are part of it"),
        (["--objective", "a_mae=min,b_mae"], "to every metric or to none"),
        (["--weights", "b"], "terms with ranges"),
        (["--weights", "c=0.1..1"], "Unknown term in `search`: 'c'"),
        (["--balancers", "pcgrat"], "Did you mean 'pcgrad'"),
        (["--storage", "nosuchdb://x"], "Cannot use the database"),
        (["--storage", "mine.py/x.db"], "--storage must be a file. Received: 'mine.py/x.db', which lies in the file"),
        (["--storage", "sqlite:////proc/x.db"], "--storage must be a file that can be written. Received: 'sqlite:"),
        (["--objective", "a_mea=min"], "Did you mean 'a_mae'"),
        (["--trials", "0"], "--trials"),
        (["--out", "mine.py"], "--out must be a folder"),
    ],
)
def test_mistakes_are_one_line_and_exit_code_two(folder, capsys, arguments, message):
    assert run(["tune", "mine.py:problem", *arguments]) == 2
    (line,) = [line for line in capsys.readouterr().err.splitlines() if line.startswith("multiloss:")]
    assert message in line


def test_help_has_examples():
    text = CliRunner().invoke(app, ["tune", "--help"]).stdout
    for example in [line for line in command.EXAMPLES.splitlines() if line.strip().startswith("multiloss")]:
        assert " ".join(example.split()) in " ".join(text.split())
