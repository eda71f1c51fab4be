"""Metrics of an output see the mask of its missing labels."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from keras import ops

from ..._core.typing import Array
from ...terms import Batch, Term
from ...terms._labels import safe_target


def metric_masks(descriptions: Iterable[Any], batch: Batch) -> tuple[dict[str, Array], dict[str, Array]]:
    """Targets with safe values, and per output the mask of the labels that count, in the labels' shape.

    The first term of an output that knows of missing labels speaks for it.
    """
    targets = dict(batch.y_true)
    masks: dict[str, Array] = {}
    for term in descriptions:
        if not isinstance(term, Term) or not term.may_lack_labels or term.output in masks:
            continue
        output = str(term.output)
        source = targets.get(output, targets.get(str(term.target)))
        if source is None or output not in batch.y_pred:
            continue
        source = ops.convert_to_tensor(source)
        mask = term.label_mask(source, batch)
        if mask is None:
            continue
        targets[output] = safe_target(source, mask)
        masks[output] = mask
    for term in descriptions:
        if isinstance(term, Term) and term.output not in targets and term.target in targets:
            targets[str(term.output)] = targets[str(term.target)]
    return targets, masks
