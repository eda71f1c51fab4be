"""A term as the code that a person would paste."""

from __future__ import annotations

from .._core.wording import quoted
from ..scales import Constant
from ..terms import Term
from ._loss_code import loss_code


def term_code(term: Term, **changes: str) -> str:
    """The term as Python, with some arguments changed: `ml.Term("mse", missing="nan", scale="initial")`.

    Args:
        term: the term.
        **changes: arguments and their code.
    """
    arguments = {}
    for name in ("column", "missing", "mask", "class_weight", "sample_weight"):
        if (value := getattr(term, name)) is not None:
            arguments[name] = (
                quoted(value) if isinstance(value, str) else "..." if name == "class_weight" else f"{value!r}"
            )
    if not (isinstance(term.scale, Constant) and term.scale.value == 1.0):
        arguments["scale"] = "..."
    if not term.balanced:
        arguments["balanced"] = "False"
    shown = [loss_code(term.function.identifier)]
    shown += [f"{name}={code}" for name, code in {**arguments, **changes}.items()]
    return f"ml.Term({', '.join(shown)})"
