"""Class labels: outside of the classes, of the wrong form, never there, or very unequal in number."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..._core.wording import number, percent, quoted
from .._finding import Finding, check
from .._measurements import Measurements, Subject
from .._term_code import term_code

# The commonest class this many times as frequent as the rarest deserves a word.
_UNEQUAL = 10.0
# So many class numbers are named at most.
_NAMED = 8


@check()
def class_numbers(measurements: Measurements) -> Iterator[Finding]:
    """Class numbers that are no class of the output, fractional ones, and rows where numbers are expected."""
    for name, subject in measurements.subjects.items():
        if subject.kind.family != "sparse" or not subject.targets.finite.size:
            continue
        classes, labels = subject.output.predictions.shape[-1], subject.targets.finite
        if _looks_one_hot(subject):
            yield Finding(
                "error",
                "one-hot target",
                (name,),
                f"The targets of `{name}` are rows of {subject.targets.values.shape[-1]} numbers, one-hot, while "
                f"`{subject.kind.name}` expects class numbers.",
                f"Use `{quoted(name)}: {quoted('categorical_crossentropy')}`, or the targets `y.argmax(-1)`.",
            )
            continue
        if (labels != np.floor(labels)).any():
            yield Finding(
                "error",
                "fractional class",
                (name,),
                f"The targets of `{name}` hold {number(labels[labels != np.floor(labels)][0])}, while "
                f"`{subject.kind.name}` expects integers.",
                'Give integers from 0, or a loss for numbers such as `"mse"`.',
            )
            continue
        outside = np.unique(labels[(labels < 0) | (labels >= classes)])
        if outside.size:
            yield _outside(name, subject, outside, classes)


def _outside(name: str, subject: Subject, outside: np.ndarray, classes: int) -> Finding:
    part = float(np.isin(subject.targets.finite, outside).mean())
    shown = ", ".join(f"{value:.0f}" for value in outside[:_NAMED]) + (", ..." if outside.size > _NAMED else "")
    if outside.size == 1 and subject.term.missing is None and (outside[0] < 0 or outside[0] == 255):
        remedy = (
            f"If {outside[0]:.0f} stands for a missing label, say so: `{quoted(name)}: "
            f"{term_code(subject.term, missing=f'{outside[0]:.0f}')}`."
        )
    elif outside.size == 1 and outside[0] == classes and subject.targets.finite.min() >= 1:
        remedy = "The classes seem to count from 1: subtract 1 from the targets."
    else:
        remedy = f"Give the output {int(max(outside.max(), classes - 1)) + 1} classes, or fix the targets."
    return Finding(
        "error",
        "class out of range",
        (name,),
        f"{percent(part)} of the targets of `{name}` are no class of its {classes} (0 to {classes - 1}): {shown}. "
        "Depending on the backend that is an error, NaN, or silently wrong.",
        remedy,
    )


@check()
def class_rows(measurements: Measurements) -> Iterator[Finding]:
    """Numbers where one-hot rows are expected, rows with several classes, and binary targets outside 0 to 1."""
    for name, subject in measurements.subjects.items():
        labels, values = subject.targets.finite, subject.targets.values
        if not labels.size:
            continue
        if subject.kind.family == "one_hot":
            width = subject.output.predictions.shape[-1]
            if values.shape[-1] != width and (values.ndim == 1 or values.shape[-1] == 1) and width > 1:
                yield Finding(
                    "error",
                    "class numbers",
                    (name,),
                    f"The targets of `{name}` are class numbers (one a sample), while `{subject.kind.name}` expects "
                    f"rows of {width}.",
                    f"Use `{quoted(name)}: {quoted('sparse_categorical_crossentropy')}`, or "
                    f"`keras.utils.to_categorical(y, {width})`.",
                )
            elif values.shape[-1] == width and width > 1:
                yield from _several(name, subject)
        elif subject.kind.family in ("binary", "overlap") and (labels.min() < 0 or labels.max() > 1):
            low, high = labels.min(), labels.max()
            remedy = (
                "Divide them by 255."
                if high == 255
                else "Use (y + 1) / 2."
                if (low, high) == (-1.0, 1.0)
                else 'Bring them to 0 and 1, or use a loss for numbers such as `"mse"`.'
            )
            if low == -1.0 and high <= 1.0 and subject.term.missing is None and (labels == 0).any():
                remedy = f"If −1 stands for a missing label: `{quoted(name)}: {term_code(subject.term, missing='-1')}`."
            yield Finding(
                "error",
                "target outside 0 to 1",
                (name,),
                f"The targets of `{name}` run from {number(low)} to {number(high)}, while `{subject.kind.name}` "
                "expects 0 to 1.",
                remedy,
            )


def _several(name: str, subject: Subject) -> Iterator[Finding]:
    rows = subject.targets.values.reshape(-1, subject.targets.values.shape[-1])
    rows = rows[subject.targets.labelled.reshape(rows.shape).all(axis=-1)]
    sums = rows.sum(axis=-1, dtype="float64")
    wrong = ~np.isclose(sums, 1.0, atol=1e-3)
    if len(rows) and wrong.mean() > 0.01:
        yield Finding(
            "warning",
            "rows that are no distribution",
            (name,),
            f"{percent(float(wrong.mean()))} of the targets of `{name}` do not add up to 1 over the classes (from "
            f"{number(sums.min())} to {number(sums.max())}), while `{subject.kind.name}` expects one class a row.",
            'Where a sample can be of several classes or of none, use `activation="sigmoid"` and '
            '`"binary_crossentropy"`.',
        )


@check()
def class_counts(measurements: Measurements) -> Iterator[Finding]:
    """Classes that never occur, and very unequal ones."""
    for name, subject in measurements.subjects.items():
        counts = _counts(subject)
        if counts is None or not counts.sum():
            continue
        absent = np.flatnonzero(counts == 0)
        if absent.size and subject.targets.whole:
            shown = ", ".join(map(str, absent[:_NAMED])) + (", ..." if absent.size > _NAMED else "")
            yield Finding(
                "warning",
                "absent class",
                (name,),
                f"{absent.size} of the {len(counts)} classes of `{name}` never occur {subject.targets.where}: {shown}.",
                "The model cannot learn them. Look at how training and validation data were split, or give the output "
                "fewer classes.",
            )
        present = counts[counts > 0]
        ratio = present.max() / present.min()
        if len(present) > 1 and ratio >= _UNEQUAL and subject.term.class_weight is None:
            yield Finding(
                "hint",
                "unequal classes",
                (name,),
                f"The commonest class of `{name}` ({int(counts.argmax())}) is {number(ratio)} times as frequent as the "
                f"rarest ({int(np.where(counts > 0, counts, np.inf).argmin())}: {int(present.min())} labels).",
                f"If the rare ones matter as much: `{quoted(name)}: "
                f"{term_code(subject.term, class_weight=_weights_code(subject))}`, a focal loss, or a metric that "
                "counts classes alike.",
            )


def _weights_code(subject: Subject) -> str:
    missing = subject.term.missing
    return f"ml.balanced_class_weight(y{'' if missing in (None, 'nan') else f', missing={missing!r}'})"


def _counts(subject: Subject) -> np.ndarray | None:
    """How often every class occurs; None where that cannot be said."""
    classes = subject.output.predictions.shape[-1]
    if not subject.kind.of_classes or classes < 2:
        return None
    values = subject.targets.values
    if (
        subject.kind.family != "sparse"
        and values.ndim == subject.output.predictions.ndim
        and values.shape[-1] == classes
    ):
        rows = values.reshape(-1, classes)[subject.targets.labelled.reshape(-1, classes).all(axis=-1)]
        return np.bincount(rows.argmax(axis=-1), minlength=classes) if len(rows) else None
    labels = subject.targets.finite
    inside = labels[(labels >= 0) & (labels < classes) & (labels == np.floor(labels))]
    return np.bincount(inside.astype(int), minlength=classes) if inside.size else None


def _looks_one_hot(subject: Subject) -> bool:
    values, classes = subject.targets.values, subject.output.predictions.shape[-1]
    if values.ndim < 2 or values.shape[-1] != classes or classes < 2 or values.ndim != subject.output.predictions.ndim:
        return False
    return bool(np.isin(subject.targets.finite, (0.0, 1.0)).all())
