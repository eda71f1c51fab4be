"""A problem of three terms, its training by a formula, and a quick place for databases."""

from __future__ import annotations

import shutil
import tempfile
from functools import partial
from pathlib import Path

import pytest
from tuning_formula import FormulaTraining, make_problem

from multiloss.experiments.tuning import _terms, _trial

MEMORY = Path("/dev/shm")


@pytest.fixture(name="make_problem")
def make_problem_fixture():
    return make_problem


@pytest.fixture
def problem():
    return make_problem()


@pytest.fixture
def training(monkeypatch):
    formula = FormulaTraining()
    monkeypatch.setattr(_trial, "train", formula)
    # The losses before training are real; one look at them does not repay a compilation.
    monkeypatch.setattr(_terms, "compile_trainer", partial(_terms.compile_trainer, run_eagerly=True))
    return formula


@pytest.fixture(scope="session")
def quick_folder():
    """A folder in memory where there is one: SQLite waits for the disk in every step."""
    folder = Path(tempfile.mkdtemp(dir=MEMORY if MEMORY.is_dir() else None))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def storage(quick_folder):
    path = Path(tempfile.mkdtemp(dir=quick_folder)) / "tune.db"
    return f"sqlite:///{path}"
