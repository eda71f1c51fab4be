"""The Pareto front of several objectives: which points are on it, how much it covers, and where its knee is."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ..._core.errors import invalid


def non_dominated(points: Sequence[Sequence[float]]) -> list[int]:
    """The places of the points that no other point dominates; smaller is better in every objective.

    A point dominates another when it is nowhere larger and somewhere smaller. Of equal points, all are given.

    Example:
        >>> non_dominated([(0.0, 2.0), (1.0, 1.0), (2.0, 2.0)])
        [0, 1]
    """
    array = np.asarray(points, dtype=float)
    return [
        place
        for place, point in enumerate(array)
        if not np.any(np.all(array <= point, axis=1) & np.any(array < point, axis=1))
    ]


def hypervolume(points: Sequence[Sequence[float]], reference: Sequence[float]) -> float:
    """The volume between the reference and what the points dominate; smaller is better in every objective.

    In two objectives by a sweep, in more by the exclusive volumes of While, Bradstreet and Barone ("A Fast Way of
    Calculating Exact Hypervolumes", IEEE Trans. Evol. Comput. 16, 2012), exact up to rounding.

    Needs and cost: N log N for two objectives; grows quickly with N and with the objectives beyond that.

    Args:
        points: N points of M objectives each; those that are not better than the reference everywhere add nothing.
        reference: M numbers, the worst that counts.

    Returns:
        The volume, in the product of the objectives' units.

    Raises:
        ValueError: for points of another length than the reference, or that are not finite.

    Example:
        >>> hypervolume([(1.0, 2.0), (2.0, 1.0)], (3.0, 3.0))
        3.0
    """
    corner = np.asarray(reference, dtype=float)
    array = np.asarray(points, dtype=float).reshape(-1, corner.size) if len(points) == 0 else np.asarray(points, float)
    if array.ndim != 2 or array.shape[1] != corner.size or not (np.isfinite(array).all() and np.isfinite(corner).all()):
        raise invalid("`points` must be finite, with as many objectives as `reference`", received=f"{array.shape}")
    inside = array[np.all(array < corner, axis=1)]
    return _volume(np.unique(inside, axis=0), corner)


def _volume(points: np.ndarray, corner: np.ndarray) -> float:
    if len(points) == 0:
        return 0.0
    points = points[non_dominated(points.tolist())]
    if corner.size == 1:
        return float(corner[0] - points.min())
    points = points[np.argsort(points[:, 0], kind="stable")]
    if corner.size == 2:
        # Sorted by the first objective, the second falls: each point adds the strip above the one before it.
        above = np.concatenate([corner[1:], points[:-1, 1]])
        return float(np.sum((corner[0] - points[:, 0]) * (above - points[:, 1])))
    return math.fsum(
        float(np.prod(corner - point)) - _volume(np.maximum(points[place + 1 :], point), corner)
        for place, point in enumerate(points)
    )


def knee(points: Sequence[Sequence[float]]) -> int:
    """The place of the point where giving up a little of one objective no longer gains much of the others.

    The objectives are scaled so that the front runs from 0 (its best) to 1 (its worst) in each. The knee is the point
    farthest towards the ideal (0, ..., 0) from the plane through the unit points, sum f = 1: in two objectives, from
    the line between the ends of the front (Das, "On characterizing the 'knee' of the Pareto curve", 1999).

    Args:
        points: a front, smaller is better in every objective; at least one point.

    Returns:
        A place in `points`; the first of equals. Objectives in which the front does not vary are left out.

    Example:
        >>> knee([(0.0, 1.0), (0.2, 0.2), (1.0, 0.0)])
        1
    """
    array = np.asarray(points, dtype=float)
    span = np.ptp(array, axis=0)
    varied = span > 0.0
    scaled = (array[:, varied] - array[:, varied].min(axis=0)) / span[varied]
    return int(np.argmin(scaled.sum(axis=1)))
