"""Where a piece of code comes from: a library's is known by its name and version, the user's own by what it says."""

from __future__ import annotations

import functools
import importlib.util
import sys
import sysconfig
from pathlib import Path
from types import ModuleType
from typing import Any

# Libraries wherever they lie: they may be installed from a folder of their source.
_LIBRARIES = {"multiloss", "keras", "jax", "jaxlib", "tensorflow", "torch", "numpy", "optax", "builtins"}
_INSTALLED = {"site-packages", "dist-packages"}
# What a program is called where it is run, and in the processes that it starts.
_PROGRAM = ("__main__", "__mp_main__")


def is_library(name: Any) -> bool:
    """Whether a module of this name belongs to an installed library, or to Python itself."""
    return isinstance(name, str) and _is_library(name)


def module_name(name: str) -> str:
    """The module's name; that of its file for a program or a problem file, which may have another name elsewhere."""
    if name not in _PROGRAM and all(part.isidentifier() for part in name.split(".")):
        return name
    file = getattr(sys.modules.get(name), "__file__", None)
    return Path(file).stem if file else _PROGRAM[0]


def address(value: Any) -> str | None:
    """The name by which a function or class can be imported; None for those made inside a function."""
    module, name = getattr(value, "__module__", None), getattr(value, "__qualname__", None)
    if not isinstance(module, str) or not isinstance(name, str) or module not in sys.modules:
        return None
    found: Any = sys.modules[module]
    for part in name.split("."):
        found = getattr(found, part, None)
    return f"{module_name(module)}.{name}" if found is value else None


def library_name(value: Any) -> str:
    """What a library's function or class is known by."""
    module = getattr(value, "__module__", None)
    module = module if isinstance(module, str) else ""
    name = getattr(value, "__qualname__", None) or getattr(value, "__name__", type(value).__name__)
    return f"{module}.{name} {_version(module)}"


def module_words(module: ModuleType) -> str:
    """What a library's module is known by."""
    return f"{module.__name__} {_version(module.__name__)}"


def _version(module: str) -> str:
    return str(getattr(sys.modules.get(module.partition(".")[0]), "__version__", ""))


def _is_library(name: str) -> bool:
    top = name.partition(".")[0]
    if top in _LIBRARIES or top in sys.builtin_module_names:
        return True
    if name in _PROGRAM:
        return False
    file = _file(name) or _file(top)
    return top in sys.stdlib_module_names if file is None else _is_installed(file)


def _file(name: str) -> str | None:
    """Where a module lies; it is not imported for that."""
    module = sys.modules.get(name)
    if module is not None:
        return getattr(module, "__file__", None) or next(iter(getattr(module, "__path__", ())), None)
    try:
        found = importlib.util.find_spec(name) if "." not in name else None
    except (ImportError, ValueError):
        return None
    return None if found is None else found.origin or next(iter(found.submodule_search_locations or ()), None)


@functools.cache
def _is_installed(file: str) -> bool:
    path = Path(file).resolve()
    if _INSTALLED & set(path.parts):
        return True
    return any(path.is_relative_to(Path(sysconfig.get_path(key)).resolve()) for key in ("stdlib", "platstdlib"))
