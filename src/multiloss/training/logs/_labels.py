"""Metrics of an output see which of its labels count: those that are there, and are no padding."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import keras
from keras import ops

from ..._core.typing import Array
from ...masks import Labels, counting, safe_target, spread
from ...terms import Batch, Term


def metric_masks(descriptions: Iterable[Any], batch: Batch) -> tuple[dict[str, Array], dict[str, Array]]:
    """Targets with safe values, and per output the mask of the labels that count, in the labels' shape.

    The first term of an output that knows of missing labels speaks for it; padding never counts.
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
        mask = term.label_mask(output, source, batch)
        if mask is None:
            continue
        targets[output] = safe_target(source, mask)
        masks[output] = mask
    for term in descriptions:
        if isinstance(term, Term) and term.output not in targets and term.target in targets:
            targets[str(term.output)] = targets[str(term.target)]
    for output, padding in batch.masks.items():
        if output in targets and output not in masks:
            source = ops.convert_to_tensor(targets[output])
            masks[output] = counting(Labels(output, source, padding=padding))
            targets[output] = safe_target(source, _computable(source, masks[output]))
    return targets, masks


def _computable(labels: Array, mask: Array) -> Array:
    """Where padded labels may stay: a correlation with a row of zeros is NaN, and NaN times the weight 0 too."""
    if "float" not in keras.backend.standardize_dtype(labels.dtype):
        return mask
    return ops.logical_or(spread(mask, len(labels.shape)), ops.isfinite(labels))
