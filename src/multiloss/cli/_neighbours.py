"""The files beside a problem file: they can be imported from it, and no library takes one for its own."""

from __future__ import annotations

import ast
import importlib.util
import sys
from pathlib import Path


def module_name(path: Path) -> str:
    """The name under which a problem file becomes a module: its own, unless something else goes by it.

    A problem in `json.py` or `keras.py` must not stand where every library looks for JSON or Keras.
    """
    name = path.stem
    return name if name.isidentifier() and not _is_taken(name, path) else f"problem in {path.name}"


def let_be_imported(folder: Path) -> None:
    """Lets Python look into a folder where it finds a module nowhere else.

    A script's folder comes first. Here it comes last: a `random.py` or `queue.py` that happens to lie in it would
    otherwise be what the libraries get that import theirs only when they need it.
    """
    if str(folder) not in sys.path:
        sys.path.append(str(folder))


def let_neighbours_be_imported(path: Path) -> list[str]:
    """Lets a problem file import the files beside it.

    Returns:
        The names that it imports and that lie beside it, but that mean a library.
    """
    folder = path.resolve().parent
    beside = {name for name in _imported(path) if (folder / f"{name}.py").is_file() or (folder / name).is_dir()}
    hidden = sorted(name for name in beside if _is_taken(name, folder / f"{name}.py"))
    let_be_imported(folder)
    return hidden


def _is_taken(name: str, path: Path) -> bool:
    """Whether Python knows a module of this name that is not the file; nothing is imported for it."""
    if name in sys.modules:
        file = getattr(sys.modules[name], "__file__", None)
        return file is None or Path(file).resolve() != path.resolve()
    found = importlib.util.find_spec(name)
    # A folder without `__init__.py` has no origin.
    return found is not None and found.origin is not None and Path(found.origin).resolve() != path.resolve()


def _imported(path: Path) -> set[str]:
    """The first parts of the names in the import statements of a file."""
    names: list[str] = []
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError):
        return set()  # running it will tell
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.append(node.module)
    return {name.partition(".")[0] for name in names}
