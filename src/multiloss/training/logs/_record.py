"""What one step or one evaluation batch adds to the logs."""

from __future__ import annotations

from typing import NamedTuple

from ..._core.typing import Array


class TermSums(NamedTuple):
    """Vectors of length T that are summed over batches.

    Attributes:
        numerators: each term's loss times its number of labels.
        denominators: its number of labels.
        labelled: its number of labelled samples.
        scaled: in evaluation the numerators times the user's weight over the scale; 0 in training.
        weights: its full weight times the samples.
    """

    numerators: Array
    denominators: Array
    labelled: Array
    scaled: Array
    weights: Array


class Totals(NamedTuple):
    """Scalars that are summed over batches.

    Attributes:
        loss: the weighted sum times the samples.
        objective: what is minimised, times the samples.
        samples: the number of samples.
        evaluated: 1 in evaluation, 0 in training.
    """

    loss: Array
    objective: Array
    samples: Array
    evaluated: Array


class StepRecord(NamedTuple):
    """All that a step adds to the logs.

    Attributes:
        terms: vectors over the terms.
        totals: scalars.
        constraints: multipliers and violations, shape `(2, C)`; None in evaluation and without constraints.
    """

    terms: TermSums
    totals: Totals
    constraints: Array | None
