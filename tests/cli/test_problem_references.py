"""A problem reference runs what it names, and nothing that happens to lie beside it."""

import json
import os
import subprocess
import sys
import textwrap

import pytest

from multiloss.cli import _neighbours
from multiloss.cli._app import run
from multiloss.cli._mistakes import UserMistake
from multiloss.cli._problem_reference import load_problem

pytestmark = pytest.mark.one_backend

PROBLEM = """
    import keras
    import numpy as np
    import multiloss as ml
    {imports}

    def problem():
        x = np.ones((4, 1), "float32")
        return ml.Problem({name}, lambda: None, loss={{"a": "mse"}}, train=(x, x), validation=(x, x),
                          metrics={{"a": "mae"}}, score={{"a_mae": "min"}})
"""
SHOUT = "print('neighbour ran')\nraise RuntimeError('this file was not named')\n"


@pytest.fixture(autouse=True)
def as_before(monkeypatch):
    """Leaves the import path and the modules as they were."""
    modules = dict(sys.modules)
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield
    for name in [name for name in sys.modules if name not in modules]:
        del sys.modules[name]
    sys.modules.update(modules)


def write(path, imports="", name="'mine'"):
    path.parent.mkdir(exist_ok=True, parents=True)
    path.write_text(textwrap.dedent(PROBLEM).format(imports=imports, name=name))
    return path


@pytest.mark.parametrize(
    "name",
    ["json.py", "keras.py", "random.py", "__main__.py", "two words.py", "a-b.py", "3.py", "a.b.py", "ä😀.py", ".py"],
)
def test_a_file_of_any_name_takes_no_other_module_s_place(tmp_path, name):
    before = dict(sys.modules)
    assert load_problem(str(write(tmp_path / name))).name == "mine"
    assert {key for key, module in before.items() if sys.modules[key] is not module} == set()
    # And once more, with its function named.
    assert load_problem(f"{tmp_path / name}:problem").name == "mine"


def test_libraries_never_get_a_neighbour(tmp_path):
    """What is imported for the first time after a file was loaded is the library still, Python's own or installed."""
    program = """
        import sys
        from multiloss.cli._problem_reference import load_problem
        load_problem(sys.argv[1])
        import colorsys, sndhdr_or_not, random, json, keras, psutil
        print(sndhdr_or_not.HERE, [each.__file__ for each in (colorsys, random, json, keras, psutil)])
    """
    for name in ("colorsys", "random", "json", "keras", "psutil"):
        (tmp_path / f"{name}.py").write_text(SHOUT)
    (tmp_path / "sndhdr_or_not.py").write_text("HERE = 7\n")
    path = write(tmp_path / "my_problem.py", imports="import sndhdr_or_not")
    done = subprocess.run(
        [sys.executable, "-P", "-c", textwrap.dedent(program), path],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("7 [")
    assert str(tmp_path) not in done.stdout
    assert "neighbour ran" not in done.stdout


def test_an_import_that_does_not_mean_the_file_beside_it_is_said(tmp_path, capsys):
    for name in ("random", "colorsys", "unused", "queue"):
        (tmp_path / f"{name}.py").write_text(SHOUT)
    write(tmp_path / "my_problem.py", imports="import random\nfrom colorsys import rgb_to_hls")
    load_problem(str(tmp_path / "my_problem.py"))
    said = capsys.readouterr().err.strip().splitlines()
    assert len(said) == 2
    assert said[0].startswith("multiloss: `import colorsys` in ")
    assert said[1].endswith("means the library 'random', not the file random.py beside it.")


def test_the_working_folder_comes_last_too(tmp_path, monkeypatch):
    write(tmp_path / "mine" / "houses.py", name="'of a package'")
    (tmp_path / "colorsys.py").write_text(SHOUT)
    monkeypatch.chdir(tmp_path)
    assert load_problem("mine.houses:problem").name == "of a package"
    assert not hasattr(__import__("colorsys"), "SHOUT")
    with pytest.raises(UserMistake, match="Unknown function of colorsys: 'problem'"):
        load_problem("colorsys:problem")


def one_line(arguments, capsys):
    assert run(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "Traceback" not in captured.err
    (line,) = captured.err.strip().splitlines()
    return line


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("{folder}/mine.py:", "Expected package.module:function"),
        (":problem", "Expected package.module:function"),
        (":", "Expected package.module:function"),
        ("", "Expected package.module:function"),
        ("{folder}/mine.py:a.b", "Unknown function of {folder}/mine.py: 'a.b'"),
        ("{folder}/mine.py:__import__", "Unknown function of"),
        ("{folder}/mine.py:__name__", "must return a multiloss.Problem. Received: str"),
        ("{folder}/mine.py:two\nlines", "Unknown function of"),
        ("{folder}/folder.py", "There is no file"),
        ("{folder}/" + 300 * "long" + ".py", "File name too long"),
        ("{folder}/nul\0.py", "There is no file"),
        ("{folder}/../{name}/absent.py", "There is no file"),
        ("{folder}/nul_inside.py", "null bytes"),
        ("{folder}/no_text.py", "SyntaxError"),
        ("{folder}/leaves.py", "leaves.py, line 1: SystemExit: 0"),
        ("{folder}/odd.py:anything", "ZeroDivisionError"),
        (".mine:problem", "TypeError"),
        ("a..b:problem", "There is no module 'a'"),
        ("os;import evil:problem", "There is no module 'os;import evil'"),
    ],
)
def test_odd_references_end_in_one_line(tmp_path, reference, message, capsys):
    write(tmp_path / "mine.py")
    (tmp_path / "folder.py").mkdir()
    (tmp_path / "nul_inside.py").write_bytes(b"a = 1\0\n")
    (tmp_path / "no_text.py").write_bytes(b"\xff\xfe\x00a")
    (tmp_path / "leaves.py").write_text("raise SystemExit(0)\n")
    (tmp_path / "odd.py").write_text("def __getattr__(name):\n    return 1 / 0\n")
    places = {"folder": str(tmp_path), "name": tmp_path.name}
    line = one_line(["diagnose", reference.format(**places)], capsys)
    assert message.format(**places) in line


def test_nothing_is_imported_to_find_out_who_has_a_name(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "taken.py").write_text(SHOUT)
    assert _neighbours.module_name(tmp_path / "other" / "taken.py") == "problem in taken.py"
    assert "taken" not in sys.modules


def test_what_a_report_is_called_has_nothing_of_the_reference(tmp_path, capsys):
    """`--out` alone says where anything is written."""
    path = write(tmp_path / "..odd name.py")
    assert run(["diagnose", str(path), "--out", str(tmp_path / "out"), "--json"]) == 2
    # Python itself may keep the file's bytecode beside it.
    left = sorted(each.name for each in tmp_path.iterdir() if each.name != "__pycache__")
    assert json.dumps(left) == '["..odd name.py"]'
