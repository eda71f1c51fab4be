"""`multiloss init`: the file that it writes, and what it refuses."""

import importlib.util
import subprocess
import sys

import pytest

import multiloss as ml
from multiloss.cli._app import run

pytestmark = pytest.mark.one_backend


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    path = tmp_path_factory.mktemp("mine") / "my_problem.py"
    assert run(["init", str(path)]) == 0
    return path


@pytest.fixture(scope="module")
def module(written):
    specification = importlib.util.spec_from_file_location("my_problem", written)
    found = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(found)
    return found


def test_the_file_says_how_to_use_it(written):
    text = written.read_text(encoding="utf-8")
    for verb in ("diagnose", "compare", "tune"):
        assert f"multiloss {verb} {written}:problem" in text
    for number in range(1, 6):
        assert f"\n# {number}. " in text
    assert "FILE" not in text


def test_the_file_is_clean(written):
    subprocess.run([sys.executable, "-m", "ruff", "check", "--isolated", "--line-length=120", str(written)], check=True)


def test_its_losses_are_as_unequal_as_it_says(module):
    problem = module.problem()
    trainer = ml.compile(problem.new_model(0), "adam", loss=problem.new_loss(), metrics=problem.new_metrics())
    logs = trainer.evaluate(*problem.train, verbose=0, return_dict=True)
    assert logs["delay_loss"] > 100 * max(logs["carrier_loss"], logs["late_loss"])
    assert len(trainer.terms) == 3


def test_it_compares_at_once(written, capsys, tmp_path):
    options = ["--balancers", "fixed", "--epochs", "1", "--seeds", "1", "--out", str(tmp_path)]
    assert run(["compare", str(written), *options]) == 0
    captured = capsys.readouterr()
    assert "parcels: 1 run" in captured.out
    assert "carrier_accuracy" in captured.out


def test_an_existing_file_is_kept(tmp_path, capsys):
    path = tmp_path / "mine.py"
    path.write_text("mine")
    assert run(["init", str(path)]) == 2
    assert "is there already. Give another name, or --force" in capsys.readouterr().err
    assert path.read_text() == "mine"
    assert run(["init", str(path), "--force"]) == 0
    assert "ml.Problem" in path.read_text()


@pytest.mark.parametrize(
    ("name", "message"),
    [("mine.txt", "ends in .py"), ("nowhere/mine.py", "is no folder"), ("folder.py", "is a folder")],
)
def test_what_cannot_be_written(name, message, tmp_path, capsys):
    (tmp_path / "folder.py").mkdir()
    assert run(["init", str(tmp_path / name)]) == 2
    assert message in capsys.readouterr().err
