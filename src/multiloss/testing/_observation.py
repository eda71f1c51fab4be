"""What a scale observes, made by hand."""

from __future__ import annotations

import numpy as np

from .._core.scale import Observation
from .._core.typing import Array


def observe(
    loss: float | Array,
    *,
    present: bool | Array = True,
    targets: Array | None = None,
    labelled: Array | None = None,
    training: bool = True,
) -> Observation:
    """An `Observation` for trying a scale outside of training.

    Args:
        loss: scalar.
        present: whether the batch has a label for the term.
        targets: the term's targets, of any shape.
        labelled: 1 where a target is labelled, in the shape of `targets`; None where all are.
        training: False for evaluation.

    Example:
        >>> from multiloss.scales import MaxAbsTarget
        >>> from multiloss.testing import observe
        >>> scale = MaxAbsTarget()
        >>> divisor, _ = scale.divisor(observe(1.0, targets=[-3.0, 2.0] * 4), scale.init())
        >>> float(divisor)
        3.0
    """
    return Observation(
        loss=np.asarray(loss, "float32") if isinstance(loss, int | float) else loss,
        present=np.asarray(present) if isinstance(present, bool) else present,
        targets=targets,
        labelled=labelled,
        training=training,
    )
