"""The commands: what they print, what they write, and how they end."""

import errno
import json
import textwrap

import pytest
from typer.testing import CliRunner

import multiloss
from multiloss._core import places
from multiloss._core.registry import members
from multiloss.cli import _compare, _list
from multiloss.cli._app import app, run
from multiloss.experiments import Comparison

PROBLEM = """
    import keras
    import numpy as np
    import neighbour
    import multiloss as ml

    def build_model():
        x = keras.Input((3,))
        shared = keras.layers.Dense(4)(x)
        return keras.Model(x, {"a": keras.layers.Dense(1)(shared), "b": keras.layers.Dense(1)(shared)})

    def tiny():
        print("the problem speaks")
        x = np.random.default_rng(0).normal(size=(32, 3)).astype("float32")
        data = x, {"a": x[:, :1], "b": neighbour.FACTOR * x[:, 1:2]}
        return ml.Problem("mine", build_model, loss={"a": "mse", "b": "mse"}, train=data, validation=data,
                          metrics={"a": ["mae"]}, score={"a_mae": "min"})

    def fails():
        raise TypeError("a mistake of mine")

    def fails_later():
        def build_model():
            return keras.layers.Dense("three")
        data = np.ones((4, 1)), np.ones((4, 1))
        return ml.Problem("mine", build_model, loss={"a": "mse"}, train=data, validation=data,
                          metrics={"a": ["mae"]}, score={"a_mae": "min"})

    def diverges():
        problem = tiny()
        x, y = problem.train
        data = x, {"a": np.full_like(y["a"], np.nan), "b": y["b"]}
        return ml.Problem("mine", build_model, loss={"a": "mse", "b": "mse"}, train=data, validation=data,
                          metrics={"a": ["mae"]}, score={"a_mae": "min"})

    def unscored():
        problem = tiny()
        return ml.Problem("mine", build_model, loss={"a": "mse", "b": "mse"}, train=problem.train,
                          validation=problem.validation, metrics={"a": ["mae"]}, score={"a_mea": "min"})

    def other():
        return {"name": "no problem"}
"""


@pytest.fixture(scope="module")
def problem_file(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mine")
    (folder / "neighbour.py").write_text("FACTOR = 50.0\n")
    path = folder / "my_problem.py"
    path.write_text(textwrap.dedent(PROBLEM))
    return path


@pytest.fixture(scope="module")
def compared(problem_file, tmp_path_factory):
    out = tmp_path_factory.mktemp("out") / "report"
    options = ["--balancers", "fixed,pcgrad", "--epochs", "2", "--seeds", "1", "--tuned-trials", "0"]
    options += ["--out", str(out), "--json"]
    return CliRunner().invoke(app, ["compare", f"{problem_file}:tiny", *options]), out, options


def one_line(capsys):
    captured = capsys.readouterr()
    assert captured.out == ""
    lines = captured.err.strip().splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("multiloss: ")
    return lines[0]


def test_compare_prints_one_json_document(compared):
    result, out, _ = compared
    assert result.exit_code == 0, result.stderr
    data = json.loads(result.stdout)
    assert data["problem"] == "mine"
    assert [(run["balancer"], run["seed"], run["error"]) for run in data["runs"]] == [
        ("fixed", 0, None),
        ("pcgrad", 0, None),
    ]
    assert data["report"] == str(out / "report.html")
    assert "the problem speaks" in result.stderr
    assert "[2/2] pcgrad" in result.stderr


def test_compare_writes_the_report(compared):
    result, out, _ = compared
    assert {"report.html", "results.json", "results.csv"} <= {path.name for path in out.iterdir()}
    document = json.loads(result.stdout)
    del document["report"]
    assert document == Comparison.load(out).to_dict()


def test_the_same_command_again_trains_nothing(compared, problem_file, capsys):
    _, out, options = compared
    assert run(["compare", f"{problem_file}:tiny", *options[:-1]]) == 0
    captured = capsys.readouterr()
    assert captured.err.count("taken from an earlier run") == 2
    assert "a_mae" in captured.out
    assert "pcgrad" in captured.out
    assert str(out / "report.html") in captured.out


def test_ctrl_c_says_how_to_go_on(problem_file, monkeypatch, capsys, tmp_path):
    def stop(*arguments, **options):
        raise KeyboardInterrupt

    command = ["compare", f"{problem_file}:tiny", "--out", str(tmp_path / "kept here")]
    monkeypatch.setattr(_compare, "run_comparison", stop)
    monkeypatch.setattr(_compare.sys, "argv", ["multiloss", *command])
    assert run(command) == 130
    message = capsys.readouterr().err.strip().splitlines()[-1]
    assert message.startswith("multiloss: stopped.")
    assert f"multiloss compare {problem_file}:tiny --out '{tmp_path / 'kept here'}'" in message


def test_every_run_failed(problem_file, capsys, tmp_path):
    options = ["--balancers", "fixed", "--epochs", "1", "--seeds", "1", "--out", str(tmp_path)]
    assert run(["compare", f"{problem_file}:diverges", *options]) == 2
    captured = capsys.readouterr()
    assert "multiloss: Every run failed." in captured.err
    assert "finite" in captured.err
    assert (tmp_path / "report.html").is_file()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["compare", "--balancers", "fixed,pcgard"], "Did you mean 'pcgrad'? Known: "),
        (["compare", "--baseline", "nothing"], "Unknown balancer 'nothing'"),
        (["compare", "--epochs", "0"], "--epochs"),
        (["compare", "{file}:tiny", "--budget", "long"], "`budget` must be 'epochs', 'time' or a number of seconds"),
        (["compare", "{file}"], "Unknown function of"),
        (["compare", "--seeds", "many"], "--seeds"),
        (["compare", "--nothing"], "--nothing"),
        (["compare", "absent.py:tiny"], "There is no file 'absent.py'"),
        (["compare", "no_such_package.module:tiny"], "There is no module 'no_such_package'"),
        (["compare", "digits"], "Expected package.module:function, file.py:function"),
        (["compare", "multiloss.problems:digitz"], "Did you mean 'digits'?"),
        (["compare", "json:dumps"], "json:dumps failed"),
        (["compare", "{file}:absent"], "Unknown function of"),
        (["compare", "{file}:other"], "must return a multiloss.Problem. Received: dict"),
        (["compare", "{file}:fails"], "my_problem.py, line 20: TypeError: a mistake of mine"),
        (["compare", "{file}:fails_later"], "build_model of problem 'mine' failed"),
        (["compare", "--out", "{file}"], "--out must be a folder"),
        (["compare", "--out", "{file}/report"], "my_problem.py/report', which lies in the file '{file}'."),
        (["compare", "--balancers", "equal"], "without balancing, write balancer=None."),
        (["nothing"], "No such command 'nothing'"),
    ],
)
def test_mistakes_end_in_one_line(arguments, message, problem_file, capsys):
    assert run([argument.replace("{file}", str(problem_file)) for argument in arguments]) == 2
    assert message.replace("{file}", str(problem_file)) in one_line(capsys)


@pytest.mark.parametrize("verb", ["compare", "diagnose", "tune"])
def test_a_folder_that_cannot_be_written_is_refused_before_anything_is_trained(verb, tmp_path, monkeypatch, capsys):
    def refuse(dir):
        raise PermissionError(errno.EACCES, "Permission denied", str(dir))

    monkeypatch.setattr(places, "TemporaryFile", refuse)
    assert run([verb, "--out", str(tmp_path / "new" / "report")]) == 2
    place = repr(str(tmp_path / "new" / "report"))
    assert f"--out must be a folder that can be written. Received: {place}: Permission denied." in one_line(capsys)
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("verb", "file", "told"),
    [
        ("compare", "runs", "In --out, 'runs' must be a folder. Received: '{out}/runs', which is a file."),
        ("compare", "pictures", "In --out, 'pictures' must be a folder. Received: '{out}/pictures', which is a file."),
        ("diagnose", "pictures", "In --out, 'pictures' must be a folder."),
        ("tune", "confirmation", "In --out, 'confirmation/runs' must be a folder."),
    ],
)
def test_a_file_in_the_place_of_a_folder_is_told_before_anything_is_trained(verb, file, told, tmp_path, capsys):
    (tmp_path / file).write_text("mine")
    assert run([verb, "--out", str(tmp_path)]) == 2
    assert told.replace("{out}", str(tmp_path)) in one_line(capsys)
    assert (tmp_path / file).read_text() == "mine"


def test_a_score_that_is_not_logged(problem_file, capsys, tmp_path):
    options = ["--balancers", "fixed", "--epochs", "1", "--seeds", "1", "--out", str(tmp_path)]
    assert run(["compare", f"{problem_file}:unscored", *options]) == 2
    last = capsys.readouterr().err.strip().splitlines()[-1]
    assert last.startswith("multiloss: Unknown score metric 'a_mea'. Did you mean 'a_mae'?")


def test_a_file_that_cannot_be_read_as_python(tmp_path, capsys):
    path = tmp_path / "broken.py"
    path.write_text("def tiny(:\n")
    assert run(["compare", f"{path}:tiny"]) == 2
    assert "SyntaxError" in one_line(capsys)


@pytest.mark.parametrize("verb", ["compare", "diagnose", "init", "tune"])
def test_help_shows_examples(verb, capsys):
    assert run([verb, "--help"]) == 0
    shown = capsys.readouterr().out
    assert "Examples:" in shown
    assert shown.count(f"multiloss {verb}") >= 2


def test_list_as_json_holds_every_member():
    result = CliRunner().invoke(app, ["list", "--json"])
    assert result.exit_code == 0
    rows = json.loads(result.stdout)
    known = {(entry.family, entry.name) for family in _list.FAMILIES for entry in members(family)}
    assert {(row["family"], row["name"]) for row in rows} == known
    pcgrad = next(row for row in rows if row["name"] == "pcgrad")
    assert pcgrad["needs"] == "gramian"
    assert pcgrad["paper"] == "arXiv:2001.06782"
    assert all(row["summary"] for row in rows)


def test_list_for_people():
    result = CliRunner().invoke(app, ["list"])
    assert result.exit_code == 0
    for entry in members("balancer"):
        assert entry.name in result.stdout


def test_list_fits_on_80_columns():
    result = CliRunner().invoke(app, ["list"], env={"COLUMNS": "80"})
    lines = result.stdout.splitlines()
    assert max(map(len, lines)) <= 80
    entries = [entry for family in _list.FAMILIES for entry in members(family)]
    assert len(lines) < 4 * len(entries)
    start = next(place for place, line in enumerate(lines) if line.split()[:1] == ["pcgrad"])
    assert " ".join(" ".join(lines[start : start + 3]).split()) == f"pcgrad gramian {registry_summary('pcgrad')}"


def registry_summary(name):
    return next(entry.summary for entry in members("balancer") if entry.name == name)


def test_list_of_one_member_says_all_of_it(capsys):
    for name in ("pcgrad", "PCGrad"):
        assert run(["list", name]) == 0
        said = capsys.readouterr().out
        for part in ("1 forward, K + 1 backward", "arXiv:2001.06782", "scale_invariant"):
            assert part in said
    assert run(["list", "constant"]) == 0
    assert "scale constant" in (said := capsys.readouterr().out)
    assert "schedule constant" in said
    assert run(["list", "pcgard"]) == 2
    assert "Did you mean 'pcgrad'?" in capsys.readouterr().err


def test_help_and_version(capsys):
    assert run([]) == 0
    assert "compare" in capsys.readouterr().out
    assert run(["--version"]) == 0
    assert capsys.readouterr().out.strip() == f"multiloss {multiloss.__version__}"


def test_our_own_defects_are_not_hidden(monkeypatch):
    monkeypatch.setattr(_list, "members", lambda family: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        run(["list"])
