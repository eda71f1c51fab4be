"""Writes docs/compatibility.md from the verdicts that are stored for each backend: `python -m compatibility.page`."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from .case import DIFFERS, KERAS_FAILS, KERAS_IS_WRONG, NOT_TRAINED, REFUSED, SAME
from .run import stored
from .surface import SUBJECTS, cases, classes, of_class

BACKENDS = {"tensorflow": "TensorFlow", "jax": "JAX", "torch": "PyTorch"}
PAGE = Path(__file__).parents[2] / "docs" / "compatibility.md"

TITLES = {
    "layers": "Layers",
    "losses": "Losses",
    "metrics": "Metrics",
    "optimizers": "Optimizers",
    "schedules": "Learning rate schedules",
    "callbacks": "Callbacks",
    "regularizers": "Regularizers",
    "constraints": "Constraints",
    "initializers": "Initializers",
    "dtype_policies": "Dtype policies",
    "quantizers": "Quantizers",
    "model_forms": "Models, inputs and outputs",
    "compile_arguments": "Arguments of `compile`",
    "data_forms": "Data",
    "fit_modes": "Ways to run",
}

INTRODUCTION = """# The same as plain Keras

With `balancer=None` multiloss trains as plain Keras does. This page is made from trainings, not from opinions: every
public class of `keras.layers`, `keras.losses`, `keras.metrics` and so on, enumerated from Keras itself, is put into the
smallest sensible model with two outputs and trained for a few steps by plain Keras and by multiloss, from the same seed
and the same weights. Afterwards all weights, all slots of the optimizer, all seeds and all logs are compared.

| verdict | meaning |
|---|---|
| same | equal to 1e-6 of each array's scale, or as close as Keras is to itself with other last bits of the weights |
| same, but | the training is the same; a log means something else, or is more precise, as the note says |
| refused | multiloss says in one message why it does not train this |
| Keras fails | plain Keras itself raises on that backend |
| Keras is wrong | plain Keras trains something else on that backend, as the note says |
| not trained | no part of a training |
| - | not yet judged on that backend |

`make compatibility` makes it anew; the tests of every backend repeat a part of it. The cases are in
[tests/compatibility](../tests/compatibility).
"""


def page() -> str:
    """The page's text."""
    verdicts = {backend: stored(backend) for backend in BACKENDS}
    parts = [INTRODUCTION, _totals(verdicts)]
    for subject in SUBJECTS:
        parts.append(_subject(subject, {backend: verdicts[backend].get(subject, {}) for backend in BACKENDS}))
    return "\n".join(parts).rstrip() + "\n"


def _totals(verdicts: dict[str, dict[str, dict[str, dict]]]) -> str:
    kinds = (SAME, REFUSED, KERAS_FAILS, KERAS_IS_WRONG, DIFFERS, NOT_TRAINED)
    lines = [f"| | {' | '.join(kinds)} |", "|---|" + "---:|" * len(kinds)]
    for backend, title in BACKENDS.items():
        counted = Counter(found["kind"] for subject in verdicts[backend].values() for found in subject.values())
        lines.append(f"| {title} | {' | '.join(str(counted[kind]) for kind in kinds)} |")
    return "\n".join(lines) + "\n"


def _subject(subject: str, found: dict[str, dict[str, dict]]) -> str:
    """A table with one row for each class; cases of a class that are judged alike share it."""
    rows: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    notes: dict[str, int] = {}
    for name in cases(subject):
        judged = tuple(_cell(found[backend].get(name), notes) for backend in BACKENDS)
        rows.setdefault((of_class(name), judged), []).append(name.partition(": ")[2])
    aliases = classes(SUBJECTS[subject]) if SUBJECTS[subject] else {}
    lines = [f"## {TITLES[subject]}", "", f"| | {' | '.join(BACKENDS.values())} |", "|---|---|---|---|"]
    for (name, judged), variants in rows.items():
        others = f" ({', '.join(aliases[name])})" if aliases.get(name) and "" in variants else ""
        shown = ", ".join(variant for variant in variants if variant)
        lines.append(f"| {name}{others}{': ' + shown if shown else ''} | {' | '.join(judged)} |")
    listed = [f"{number}. {note}" for note, number in notes.items()]
    return "\n".join([*lines, "", *listed, ""] if listed else [*lines, ""])


def _cell(found: dict | None, notes: dict[str, int]) -> str:
    if found is None:
        return "-"
    why = found.get("why", "").replace("|", "/").replace("<", "`<`")
    if found["kind"] == SAME:
        why = (
            why.partition("; but ")[2] and "but " + why.partition("; but ")[2] if why.startswith("to rounding") else why
        )
    word = "same, but" if found["kind"] == SAME and why else found["kind"]
    return f"{word} ({notes.setdefault(why, len(notes) + 1)})" if why else word


if __name__ == "__main__":
    PAGE.write_text(page())
