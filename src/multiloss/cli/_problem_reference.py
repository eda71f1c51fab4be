"""Finds the problem that a person names on the command line."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

from .. import problems
from .._core.errors import invalid, unknown_name
from ..problems import Problem
from ._mistakes import UserMistake, complain, mistakes_of
from ._neighbours import let_be_imported, let_neighbours_be_imported, module_name

FORMS = "package.module:function, file.py:function, or nothing for the built-in digits"

FUNCTION = "problem"


def load_problem(reference: str | None) -> Problem:
    """The problem behind `package.module:function` or `file.py:function`; None is the built-in one.

    A file alone stands for its function `problem`, as `multiloss init` writes it.

    Raises:
        UserMistake: when there is no such thing, it fails, or it gives no `Problem`.
    """
    if reference is None:
        with mistakes_of("", ImportError):
            return problems.digits()
    place, _, name = (reference if not reference.endswith(".py") else f"{reference}:{FUNCTION}").rpartition(":")
    if not place or not name:
        raise UserMistake(str(invalid(f"Expected {FORMS}", received=repr(reference))))
    module = _from_file(Path(place)) if place.endswith(".py") else _from_package(place)
    with mistakes_of(f"{reference} failed"):
        found = hasattr(module, name)
    if not found:
        known = [key for key, value in vars(module).items() if callable(value) and not key.startswith("_")]
        raise UserMistake(str(unknown_name(f"function of {place}:", name, known)))
    made = getattr(module, name)
    if callable(made):
        with mistakes_of(f"{reference} failed"):
            made = made()
    if not isinstance(made, Problem):
        raise UserMistake(str(invalid(f"{reference} must return a multiloss.Problem", received=type(made).__name__)))
    return made


def check_model(problem: Problem) -> None:
    """Builds the model once, so that a mistake in it shows before anything is trained."""
    with mistakes_of(f"build_model of problem {problem.name!r} failed"):
        problem.new_model(seed=0)


def _from_file(path: Path) -> ModuleType:
    with mistakes_of("", OSError):
        if not path.is_file():
            raise UserMistake(f"There is no file {str(path)!r}.")
    with mistakes_of(f"{path} failed"):
        name = module_name(path)
        for hidden in let_neighbours_be_imported(path):
            complain(f"`import {hidden}` in {path} means the library {hidden!r}, not the file {hidden}.py beside it.")
        specification = importlib.util.spec_from_file_location(name, path)
        if specification is None or specification.loader is None:
            raise UserMistake(f"{str(path)!r} cannot be imported as Python.")
        module = importlib.util.module_from_spec(specification)
        sys.modules[name] = module
        specification.loader.exec_module(module)
    return module


def _from_package(name: str) -> ModuleType:
    let_be_imported(Path.cwd())
    try:
        with mistakes_of(f"{name} failed"):
            return importlib.import_module(name)
    except UserMistake as mistake:
        cause = mistake.__cause__
        if isinstance(cause, ModuleNotFoundError) and cause.name and (name + ".").startswith(cause.name + "."):
            raise UserMistake(f"There is no module {cause.name!r}. Expected {FORMS}.") from cause
        raise
