"""`multiloss diagnose`: what it prints, what it writes, and how it ends."""

import json
import textwrap

import pytest
from typer.testing import CliRunner

from multiloss._core.stored import read_checked
from multiloss.cli import _diagnose
from multiloss.cli._app import app, run

pytestmark = pytest.mark.one_backend

PROBLEM = """
    import keras
    import numpy as np
    import multiloss as ml

    def build_model():
        x = keras.Input((3,))
        shared = keras.layers.Dense(4)(x)
        return keras.Model(x, {"near": keras.layers.Dense(1)(shared), "far": keras.layers.Dense(1)(shared)})

    def problem(targets=("near", "far")):
        print("the problem speaks")
        x = np.random.default_rng(0).normal(size=(64, 3)).astype("float32")
        y = {"near": x[:, :1], "far": 900.0 * x[:, 1:2]}
        data = x, {name: y[name] for name in targets}
        return ml.Problem("two sizes", build_model, loss={"near": "mse", "far": "mse"}, train=data, validation=data,
                          metrics={"near": "mae"}, score={"near_mae": "min"}, description="Near and far.")

    def lacks():
        return problem(["near"])
"""


@pytest.fixture(scope="module")
def problem_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("mine") / "sizes.py"
    path.write_text(textwrap.dedent(PROBLEM))
    return path


@pytest.fixture(scope="module")
def diagnosed(problem_file, tmp_path_factory):
    out = tmp_path_factory.mktemp("out") / "diagnosis"
    options = ["--batches", "2", "--out", str(out), "--json"]
    return CliRunner().invoke(app, ["diagnose", f"{problem_file}:problem", *options]), out


def test_json_is_all_of_the_output(diagnosed):
    result, out = diagnosed
    assert result.exit_code == 0, result.stderr
    document = json.loads(result.stdout, parse_constant=pytest.fail)
    assert [finding["name"] for finding in document["findings"]] == ["far target", "dominance"]
    assert document["counts"]["warning"] == 2
    assert document["settings"]["batches"] == 2
    assert document["report"] == str(out / "report.html")
    assert "the problem speaks" in result.stderr


def test_the_report_is_written(diagnosed):
    result, out = diagnosed
    assert {"report.html", "results.json", "results.csv", "pictures"} == {path.name for path in out.iterdir()}
    document = json.loads(result.stdout)
    del document["report"]
    assert read_checked(out / "results.json") == document


def test_the_screen_says_what_is_wrong_and_what_to_do(problem_file, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    assert run(["diagnose", f"{problem_file}:problem", "--batches", "1", "--out", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("two sizes: It will train, but look at this first: 2 warnings.")
    assert "! warning  `far` gives 9" in printed or "`far` gives more than 99.99 %" in printed
    assert 'use a scale, `"far": ml.Term(' in printed
    assert "part of gradient" in printed
    assert "cosine" in printed
    assert printed.strip().endswith(f"Report: {tmp_path / 'report.html'}")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--batches", "0"], "--batches"),
        (["{file}:lacks", "--out", "{out}"], "Unknown target of term 'far'"),
        (["{file}:problem", "--out", "{file}"], "--out must be a folder"),
        (["absent.py:problem"], "There is no file 'absent.py'"),
    ],
)
def test_mistakes_end_in_one_line(arguments, message, problem_file, tmp_path, capsys):
    places = {"{file}": str(problem_file), "{out}": str(tmp_path)}
    for place, path in places.items():
        arguments = [argument.replace(place, path) for argument in arguments]
    assert run(["diagnose", *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    (line,) = [line for line in captured.err.splitlines() if line != "the problem speaks"]
    assert line.startswith("multiloss: ")
    assert message in line


def test_ctrl_c(problem_file, tmp_path, monkeypatch, capsys):
    def stop(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(_diagnose, "run_diagnosis", stop)
    assert run(["diagnose", f"{problem_file}:problem", "--out", str(tmp_path / "new")]) == 130
    assert "multiloss: stopped. Nothing was written." in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


def test_help_has_examples():
    result = CliRunner().invoke(app, ["diagnose", "--help"])
    assert "multiloss diagnose my_problem.py:problem" in result.stdout
    assert "Nothing is trained" in result.stdout
