"""NaN and infinity in inputs, targets, losses and gradients."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..._core.wording import names, percent, quoted
from .._finding import Finding, check
from .._measurements import Measurements
from .._term_code import term_code


@check()
def in_inputs(measurements: Measurements) -> Iterator[Finding]:
    """Inputs that are no numbers."""
    for name, array in measurements.inputs.items():
        values = np.asarray(array)
        if values.dtype.kind != "f" or (bad := ~np.isfinite(values)).sum() == 0:
            continue
        rows = bad.reshape(len(values), -1).any(axis=1)
        yield Finding(
            "error",
            "non-finite input",
            (),
            f"The input `{name}` has {_what(values)} in {rows.sum()} of {len(values)} samples {measurements.where}: "
            "the loss of each such batch is NaN.",
            "Fill them in before training, with `numpy.nan_to_num(x)` or with each column's mean, and give the model "
            "the mask `numpy.isfinite(x)` as a further input if it may matter.",
        )


@check()
def in_targets(measurements: Measurements) -> Iterator[Finding]:
    """Labels that are no numbers and are not declared as missing."""
    for name, subject in measurements.subjects.items():
        labels = subject.targets.labels
        absent, infinite = np.isnan(labels).mean() if labels.size else 0.0, np.isinf(labels).any()
        if absent:
            yield Finding(
                "error",
                "NaN target",
                (name,),
                f"{percent(float(absent))} of the targets of `{name}` are NaN {subject.targets.where}: one of them "
                "makes the loss of its batch NaN.",
                f"If they stand for missing labels, say so: `{quoted(name)}: "
                f"{term_code(subject.term, missing=quoted('nan'))}`."
                if subject.term.missing is None
                else f'Use `missing="nan"` in the place of `missing={subject.term.missing!r}`.',
            )
        if infinite:
            yield Finding(
                "error",
                "infinite target",
                (name,),
                f"{int(np.isinf(labels).sum())} of the targets of `{name}` are infinite {subject.targets.where}.",
                "Look for a division by zero or the logarithm of 0 where they are made; "
                '`numpy.where(numpy.isinf(y), numpy.nan, y)` with `missing="nan"` leaves them out.',
            )


@check(gradients=True)
def in_losses(measurements: Measurements) -> Iterator[Finding]:
    """Losses, or gradients of finite losses, that are no numbers."""
    measured = measurements.measured
    assert measured is not None
    bad = measured.present & ~np.isfinite(measured.losses)
    nonfinite = [name for name, flags in zip(measured.names, bad.T, strict=True) if flags.any()]
    if nonfinite:
        how_many = int(bad.any(axis=1).sum())
        yield Finding(
            "error",
            "non-finite loss",
            tuple(nonfinite),
            f"The loss of {names(nonfinite)} is not finite in {how_many} of {len(bad)} batches: training would "
            "stop there.",
            "Fix the data first where another finding speaks of them; else look for a logarithm of 0, a division by "
            "0, or predictions so large that they overflow.",
        )
    # Where a loss is not finite, the gradients of the same batch may not be either, whosever they are.
    clean = np.isfinite(measured.losses).all(axis=1)
    bad = measured.present & ~measured.finite & clean[:, None]
    for index in np.flatnonzero(bad.any(axis=0)):
        yield Finding(
            "error",
            "non-finite gradient",
            (measured.names[index],),
            f"The gradient of `{measured.names[index]}` is not finite in {int(bad[:, index].sum())} of {len(bad)} "
            "batches, although its loss is.",
            "Likely cause: an infinite slope, such as a square root at 0 (a root-mean-square loss with a perfect "
            "prediction). Add a small number under the root, or use the squared error.",
        )


def _what(values: np.ndarray) -> str:
    found = [word for word, test in (("NaN", np.isnan), ("infinity", np.isinf)) if test(values).any()]
    return " and ".join(found)
