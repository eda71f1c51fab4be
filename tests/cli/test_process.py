"""Exit codes and start-up, as a shell sees them."""

import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.one_backend

NO_MODULE = "import sys; sys.modules['{module}'] = None; from multiloss.cli import main; main()"


def start(*arguments, **environment):
    return subprocess.run(
        [sys.executable, *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_python_m_is_quiet_and_done():
    result = start("-m", "multiloss", "--version")
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.startswith("multiloss ")


def test_a_mistake_ends_with_two():
    result = start("-m", "multiloss", "compare", "absent.py:tiny")
    assert result.returncode == 2
    assert result.stdout == ""
    assert result.stderr.splitlines() == ["multiloss: There is no file 'absent.py'."]


def test_a_missing_backend_is_one_line():
    result = start("-m", "multiloss", "list", KERAS_BACKEND="no_such_backend")
    assert result.returncode == 2
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    assert "'no_such_backend', which is not installed" in line
    assert "pip install" in line


@pytest.mark.parametrize("module", ["typer", "rich"])
def test_a_missing_extra_is_one_line(module):
    # Without a backend nothing heavy is imported, and the extra is what is missed first.
    result = start("-c", NO_MODULE.format(module=module), KERAS_BACKEND="no_such_backend")
    assert result.returncode == 2
    (line,) = result.stderr.splitlines()
    assert "pip install 'multiloss[cli]'" in line


def test_our_own_defects_end_with_one():
    code = (
        "import sys; from multiloss.cli import _list, main; _list.members = None; "
        "sys.argv = ['multiloss', 'list']; main()"
    )
    result = start("-c", code)
    assert result.returncode == 1
    assert "Traceback" in result.stderr
