"""A file or name that begins with an underscore is for the package that holds it, and for the rooms inside of it."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.one_backend

SOURCE = Path(__file__).parents[2] / "src"
FILES = sorted(SOURCE.rglob("*.py"))
# The foundation has this name to be out of users' sight; every layer stands on it.
FOUNDATION = "_core"


def imported(path: Path) -> Iterator[tuple[str, ...]]:
    """What a file of the project takes from the project: the parts of its dotted name, of modules and of names."""
    package = path.relative_to(SOURCE).parent.parts
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            start = (*above, *(node.module.split(".") if node.module else ()))
            yield from ((*start, alias.name) for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (tuple(alias.name.split(".")) for alias in node.names)


def holder_of_private(name: tuple[str, ...]) -> tuple[str, ...] | None:
    """The package of the first private part of a dotted name; None where there is none."""
    for place, part in enumerate(name):
        if part.startswith("_") and not part.startswith("__") and part != FOUNDATION:
            return name[:place]
    return None


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(SOURCE).as_posix())
def test_no_file_reaches_into_another_package(path):
    inside = path.relative_to(SOURCE).with_suffix("").parts
    reached = [
        ".".join(name)
        for name in imported(path)
        if name[0] == "multiloss"
        and (holder := holder_of_private(name)) is not None
        and inside[: len(holder)] != holder
    ]
    assert not reached, f"export these in the __init__ of their package: {reached}"


@pytest.mark.parametrize(
    ("name", "holder"),
    [
        ("multiloss.terms._labels.spread", "multiloss.terms"),
        ("multiloss.terms._secret", "multiloss.terms"),
        ("multiloss._core.errors.invalid", None),
        ("multiloss._core.solvers._spectrum", "multiloss._core.solvers"),
        ("multiloss.__version__", None),
    ],
)
def test_what_is_private(name, holder):
    found = holder_of_private(tuple(name.split(".")))
    assert (found and ".".join(found)) == holder
