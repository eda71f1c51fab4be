"""An epoch in which no step was applied: nothing was learned, and its logs must not pass for good ones."""

from __future__ import annotations

import warnings

from ..._core.errors import invalid
from ..._core.wording import counted, listed
from ._guard import Guard


def check_progress(guard: Guard, epoch: int, skipped: int) -> None:
    """Raises where the guard left out the steps of an epoch, and warns where loss scaling did, which goes on.

    Args:
        guard: what happens when a step is not finite.
        epoch: the epoch, from 0.
        skipped: how many of its steps the guard left out.
    """
    if skipped == 0:
        warnings.warn(
            f"No step of epoch {epoch + 1} was applied: all gradients overflowed under loss scaling. Its logs are NaN.",
            UserWarning,
            stacklevel=2,
        )
        return
    terms = listed(repr(name) for name in guard.first_terms()) if guard.first_terms() else "the weighted sum"
    raise invalid(
        f"At least one step of epoch {epoch + 1} must be finite: all were left out, and the model learns nothing",
        received=f"{counted(skipped, 'skipped step')}, the first ever because of {terms}",
        fix="Look at the labels and inputs of that term; on_nonfinite='raise' stops at the first such step.",
    )
