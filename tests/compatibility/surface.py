"""Keras's public surface, asked of Keras itself, and the cases for it."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from importlib import import_module
from types import ModuleType

import keras

from .case import Case, NotTrained

# Subjects in the order of the page: a module of this folder with `cases()`, and Keras's module whose classes it covers.
SUBJECTS: dict[str, ModuleType | None] = {
    "layers": keras.layers,
    "losses": keras.losses,
    "metrics": keras.metrics,
    "optimizers": keras.optimizers,
    "schedules": keras.optimizers.schedules,
    "callbacks": keras.callbacks,
    "regularizers": keras.regularizers,
    "constraints": keras.constraints,
    "initializers": keras.initializers,
    "dtype_policies": keras.dtype_policies,
    "quantizers": keras.quantizers,
    "model_forms": keras.models,
    "compile_arguments": None,
    "data_forms": None,
    "fit_modes": None,
}

# Not every release of Keras that multiloss runs under has these; where they lack, they have no case.
YOUNG = ("Mosaic", "TernaryDense", "SparseCategoricalFocalCrossentropy")


def cases(subject: str) -> dict[str, Case | NotTrained]:
    """The cases of a subject, by name."""
    found, module = import_module(f"compatibility.{subject}").cases(), SUBJECTS[subject]
    lacking = [name for name in YOUNG if module is not None and not hasattr(module, name)]
    return {name: case for name, case in found.items() if of_class(name) not in lacking}


def classes(module: ModuleType) -> dict[str, list[str]]:
    """The public classes of a module of Keras: their names, the one by which the class calls itself first."""
    found: dict[type, list[str]] = {}
    for name, member in inspect.getmembers(module, inspect.isclass):
        found.setdefault(member, []).append(name)
    return {
        (names.pop(names.index(cls.__name__)) if cls.__name__ in names else names.pop(0)): sorted(names)
        for cls, names in found.items()
    }


def of_class(case: str) -> str:
    """The class of a case `Class` or `Class: variant`."""
    return case.split(":", 1)[0]


def every_case() -> Iterator[tuple[str, str, Case | NotTrained]]:
    """Subject, name and case, in order."""
    for subject in SUBJECTS:
        for name, case in cases(subject).items():
            yield subject, name, case
