"""The progress bar: what it says on a terminal, and elsewhere."""

import io

import pytest
from rich.console import Console

from multiloss.cli._progress_bar import progress_bar
from multiloss.experiments import CompareProgress, Run

pytestmark = pytest.mark.one_backend


def displayed(*, terminal):
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=terminal, width=100, color_system=None)
    with progress_bar(console) as show:
        show(CompareProgress("", 0, 0, 4, note="4 trainings: 2 contenders, 2 seeds each."))
        show(CompareProgress("fixed", 0, 1, 4, done=0.5))
        show(CompareProgress("fixed", 0, 1, 4, done=1.0, result=Run("fixed", 0, seconds=2.0)))
        show(CompareProgress("[bold]mine", 0, 2, 4, done=0.0))
        show(CompareProgress("[bold]mine", 0, 2, 4, done=1.0, result=Run("[bold]mine", 0, error="ValueError: no")))
    return stream.getvalue()


def test_a_terminal_sees_a_bar_with_the_time_left():
    text = displayed(terminal=True)
    assert "left" in text
    assert "[bold]mine, seed 0 (2/4)" in text
    assert "50%" in text
    for line in (
        "4 trainings: 2 contenders",
        "[1/4] fixed, seed 0: 2.0 s",
        "[2/4] [bold]mine, seed 0: failed: ValueError",
    ):
        assert line in text


def test_elsewhere_there_are_lines_alone():
    assert displayed(terminal=False).splitlines() == [
        "4 trainings: 2 contenders, 2 seeds each.",
        "[1/4] fixed, seed 0: 2.0 s",
        "[2/4] [bold]mine, seed 0: failed: ValueError: no",
    ]
