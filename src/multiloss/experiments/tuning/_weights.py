"""The space of weights: what counts is their ratios, so ratios are searched and the weights sum to K."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ..._core.errors import invalid, unknown_name

LOW, HIGH = 1e-3, 1e3


def ratio_name(term: str) -> str:
    """The search's name for the weight of a term over that of the reference term."""
    return f"{term}_ratio"


def weight_name(term: str) -> str:
    """The search's name for a weight that is searched on its own."""
    return f"{term}_weight"


def sum_to_k(ratios: Mapping[str, float]) -> dict[str, float]:
    """The weights that have these ratios and sum to their number K.

    Example:
        >>> sum_to_k({"mask": 1.0, "size": 3.0})
        {'mask': 0.5, 'size': 1.5}
    """
    total = math.fsum(ratios.values())
    return {term: len(ratios) * ratio / total for term, ratio in ratios.items()}


def tuning_space(
    trial: Any,
    terms: Sequence[str] | Mapping[str, tuple[float, float]],
    *,
    low: float = LOW,
    high: float = HIGH,
    reference: str | None = None,
) -> dict[str, float]:
    """Weights for one trial of your own Optuna or KerasTuner loop.

    Optimizers like Adam hardly see a factor common to all weights, so that K numbers would search one direction for
    nothing. This searches the K - 1 ratios w_t / w_reference, log-uniform, and gives the weights that have them and
    sum to K, as equal weights do: the learning rate keeps its meaning.

    Judge a trial by a metric, or by the raw `val_<term>_loss`; never by `val_loss`, which smaller weights on hard
    terms make small without any better model.

    Args:
        trial: an `optuna.Trial`, or KerasTuner's `HyperParameters` (whose first trial is then equal weights).
        terms: the names of the terms, or a mapping of each to its own `(low, high)`.
        low: the smallest ratio to the reference.
        high: the largest.
        reference: the term whose ratio is 1; the first one by default.

    Returns:
        Term to weight, for `ml.compile(loss_weights=...)`; positive, and they sum to K.

    Raises:
        ValueError: for fewer than two terms, an unknown reference, a range that is none, or another kind of trial.

    Example:
        >>> import optuna
        >>> trial = optuna.trial.FixedTrial({"size_ratio": 0.25})
        >>> tuning_space(trial, ["mask", "size"])
        {'mask': 1.6, 'size': 0.4}
    """
    suggest = _suggestion(trial)
    names = list(terms)
    if isinstance(terms, str) or len(names) < 2 or len(set(names)) < len(names):
        raise invalid("`terms` must name at least two different terms", received=terms)
    reference = names[0] if reference is None else reference
    if reference not in names:
        raise unknown_name("reference term", reference, names)
    ratios = {}
    for name in names:
        ends = terms[name] if isinstance(terms, Mapping) else (low, high)
        if not (len(ends) == 2 and 0.0 < ends[0] < ends[1] < math.inf):
            raise invalid(f"The ratio of {name!r} needs 0 < low < high", received=ends)
        ratios[name] = 1.0 if name == reference else suggest(ratio_name(name), float(ends[0]), float(ends[1]))
    return sum_to_k(ratios)


def _suggestion(trial: Any) -> Any:
    if callable(getattr(trial, "suggest_float", None)):
        return lambda name, low, high: float(trial.suggest_float(name, low, high, log=True))
    if callable(getattr(trial, "Float", None)):
        # KerasTuner starts from the defaults: equal weights, or what comes next to them in the range.
        return lambda name, low, high: float(
            trial.Float(name, min_value=low, max_value=high, sampling="log", default=min(max(1.0, low), high))
        )
    raise invalid("`trial` must be an optuna.Trial or a KerasTuner HyperParameters", received=type(trial).__name__)
