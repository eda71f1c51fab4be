"""A term's targets as NumPy, with the mask of its labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ..masks import Labels, combine, counting
from ..masks import whole as in_full
from ..terms import Constraint, Description, Term

# So many entries are looked at; of larger arrays, samples spread evenly.
MOST_ENTRIES = 20_000_000


@dataclass(frozen=True)
class Targets:
    """The targets of one term.

    Attributes:
        values: `(N, ...)`, as the term reads them, the chosen columns only.
        labelled: bool, in the same shape: where the term sees a label.
        whole: whether these are all of the training data's.
    """

    values: np.ndarray
    labelled: np.ndarray
    whole: bool

    @cached_property
    def labels(self) -> np.ndarray:
        """All labels in one row, float64."""
        return self.values[self.labelled].astype("float64")

    @cached_property
    def finite(self) -> np.ndarray:
        """The labels that are finite numbers."""
        return self.labels[np.isfinite(self.labels)]

    @property
    def where(self) -> str:
        """Of what the findings speak."""
        return "in the training data" if self.whole else f"in the {len(self.values)} samples looked at"

    def summary(self) -> dict[str, float | int]:
        """Count, mean, deviation and range of the finite labels; the count alone where there are none."""
        found = self.finite
        if not found.size:
            return {"labels": int(self.labels.size)}
        return {
            "labels": int(self.labels.size),
            "mean": float(found.mean()),
            "std": float(found.std()),
            "min": float(found.min()),
            "max": float(found.max()),
        }


def term_of(description: Description | None) -> Term | None:
    """The term that compares one output with its target, inside a constraint as well; None for all other kinds."""
    inner = description.inner if isinstance(description, Constraint) else description
    return inner if isinstance(inner, Term) else None


@dataclass(frozen=True)
class Source:
    """Where targets are read from.

    Attributes:
        x: the inputs, in which a mask may stand.
        y: targets by name.
        masks: Keras's masks of outputs by name, where they are known.
        whole: whether these are all of the training data's.
    """

    x: Any
    y: Mapping[str, np.ndarray]
    masks: Mapping[str, np.ndarray]
    whole: bool


def targets_of(term: Term, source: Source, shape: tuple[int, ...]) -> Targets | None:
    """The targets of a term; None where there are none for it.

    Args:
        term: the term, with its places filled in.
        source: where they are.
        shape: of the term's output.
    """
    x, y = source.x, source.y
    given = y.get(str(term.target), y.get(str(term.output)))
    if given is None:
        return None
    values = np.asarray(given)
    whole = source.whole and values.size <= MOST_ENTRIES
    rows = spread_rows(values)
    values = values[rows]
    if term.column is not None and values.ndim == len(shape) and values.shape[-1] == shape[-1]:
        values = _picked(values, term.column)
    extra = None if term.mask is None else y.get(term.mask, x.get(term.mask) if isinstance(x, Mapping) else None)
    given_mask = None if extra is None else np.asarray(extra)[rows]
    padding = source.masks.get(str(term.output))
    padding = None if padding is None else padding[rows]
    mask = counting(Labels(str(term.output), values, term.missing, given_mask, padding))
    mask = combine(mask, counting(Labels(str(term.output), values, term.function.ignored_class)))
    return Targets(values, in_full(mask, values), whole)


def spread_rows(values: np.ndarray) -> slice | np.ndarray:
    """All samples of an array, or where they hold more than `MOST_ENTRIES` so many, spread evenly."""
    if values.size <= MOST_ENTRIES:
        return slice(None)
    count = max(1, MOST_ENTRIES // max(1, values[0].size))
    return np.linspace(0, len(values) - 1, count).astype(int)


def _picked(values: np.ndarray, column: Any) -> np.ndarray:
    return values[..., column] if isinstance(column, slice) else values[..., np.atleast_1d(column)]
