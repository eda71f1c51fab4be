"""How much each weight and each choice mattered for the objective."""

from __future__ import annotations

import importlib.util
import warnings
from collections.abc import Sequence
from typing import Any

from ..._core.optional import require
from ._record import TrialRecord
from ._space import BALANCER
from ._storage import PURPOSE, quiet_optuna
from ._weights import weight_name

FANOVA, PED_ANOVA = "fANOVA", "PED-ANOVA"
# With fewer finished trials nothing can be said.
FEWEST = 6


def importance(records: Sequence[TrialRecord], direction: str, seed: int) -> tuple[dict[str, float], str | None]:
    """The share of each weight and choice in the objective's variation, largest first; the shares sum to 1.

    Measured on the weights as they entered the training, not on the ratios that were sampled, so that every term has
    its own. With scikit-learn by fANOVA (Hutter, Hoos and Leyton-Brown, ICML 2014): a forest of the objective over
    the logarithms of the weights. Without it by PED-ANOVA (arXiv:2304.10255), which asks what the best trials have in
    common, and needs more of them.

    Args:
        records: all trials; finished ones count.
        direction: Optuna's word.
        seed: of the forest.

    Returns:
        Name to share, and the method's name; nothing and None with fewer than six finished trials, or where the
        objective never changed.
    """
    optuna = require("optuna", extra="tune", purpose=PURPOSE)
    finished = [record for record in records if record.finished]
    points = [_point(record) for record in finished]
    names = [name for name in dict.fromkeys(key for point in points for key in point) if _varies(points, name)]
    if len(finished) < FEWEST or not names or len({record.values[0] for record in finished}) < 2:
        return {}, None
    forest = importlib.util.find_spec("sklearn") is not None
    if forest:
        # A forest has no place for what only some trials have: the parameters of one balancer.
        names = [name for name in names if all(name in point for point in points)] or names
    with quiet_optuna(), warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        study = optuna.create_study(direction=direction)
        ranges = {name: _distribution(optuna, [point[name] for point in points if name in point]) for name in names}
        for point, record in zip(points, finished, strict=True):
            own = {name: point[name] for name in names if name in point}
            study.add_trial(
                optuna.create_trial(
                    params=own, distributions={name: ranges[name] for name in own}, value=record.values[0]
                )
            )
        kinds = optuna.importance
        evaluator = kinds.FanovaImportanceEvaluator(seed=seed) if forest else kinds.PedAnovaImportanceEvaluator()
        found = kinds.get_param_importances(study, evaluator=evaluator, params=names)
    return {name: float(share) for name, share in found.items()}, FANOVA if forest else PED_ANOVA


def _point(record: TrialRecord) -> dict[str, Any]:
    candidate = record.candidate
    return {
        **{weight_name(term): weight for term, weight in candidate.weights.items()},
        BALANCER: candidate.balancer,
        **{f"{candidate.balancer}.{name}": value for name, value in candidate.parameters.items()},
    }


def _varies(points: Sequence[dict[str, Any]], name: str) -> bool:
    return len({repr(point[name]) for point in points if name in point}) > 1


def _distribution(optuna: Any, values: Sequence[Any]) -> Any:
    kinds = optuna.distributions
    if any(isinstance(value, bool) or not isinstance(value, int | float) for value in values):
        return kinds.CategoricalDistribution(list(dict.fromkeys(values)))
    low, high = float(min(values)), float(max(values))
    return kinds.FloatDistribution(low, high, log=low > 0.0)
