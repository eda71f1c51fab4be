"""What the probed batches say of the terms' gradients, as arrays: B batches, T terms."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

# Cosines this close to zero are rounding of float32: neither for nor against.
ROUNDING = 1e-6
# Eigenvalues below this part of the largest are rounding of float32: no larger condition number can be told.
_FLOOR = float(np.finfo("float32").eps)
WORST_CONDITION = 1.0 / _FLOOR


@dataclass(frozen=True)
class Measurement:
    """The probes of B batches, stacked.

    Attributes:
        names: the T terms.
        balanced: `(T,)` bool: the terms that a balancer would weigh.
        counted: `(T,)` bool: the terms whose weight is known beforehand; a constraint's is not.
        losses: `(B, T)` raw losses.
        weights: `(B, T)` user's weight over scale.
        labelled: `(B, T)` part of the samples with a label.
        present: `(B, T)` bool: a label, and a weight other than 0.
        gramian: `(B, T, T)` inner products of the gradients of the raw losses, over the shared variables.
        norms: `(B, T)` lengths of the raw gradients over all trainable variables.
        reached: for each term, the layers that it reaches.
        shared: the layers that two balanced terms reach; empty where there are none, and all layers count then.
    """

    names: tuple[str, ...]
    balanced: np.ndarray
    counted: np.ndarray
    losses: np.ndarray
    weights: np.ndarray
    labelled: np.ndarray
    present: np.ndarray
    gramian: np.ndarray
    norms: np.ndarray
    reached: tuple[tuple[str, ...], ...]
    shared: tuple[str, ...]

    @classmethod
    def of(cls, probes: Sequence[Any], counted: Sequence[bool], kept: Sequence[bool] | None = None) -> Measurement:
        """Stacks probes of one trainer.

        Args:
            probes: at least one.
            counted: for each term, see above.
            kept: the terms that are of interest; None for all.
        """
        first = probes[0]
        chosen = np.flatnonzero(np.ones(len(first.names), bool) if kept is None else kept)

        def stacked(name: str) -> np.ndarray:
            return np.stack([np.asarray(getattr(probe, name))[chosen] for probe in probes])

        return cls(
            names=tuple(first.names[index] for index in chosen),
            balanced=np.asarray(first.balanced, bool)[chosen],
            counted=np.asarray(counted, bool)[chosen],
            losses=stacked("losses"),
            weights=stacked("weights"),
            labelled=stacked("labelled"),
            present=stacked("present").astype(bool),
            gramian=stacked("gramian")[:, :, chosen],
            norms=stacked("norms"),
            reached=tuple(tuple(first.connected[index]) for index in chosen),
            shared=tuple(first.shared),
        )

    @property
    def finite(self) -> np.ndarray:
        """Shape `(B, T)` bool: loss and gradient are finite."""
        squares = np.diagonal(self.gramian, axis1=1, axis2=2)
        return np.isfinite(self.losses) & np.isfinite(self.norms) & np.isfinite(squares)

    @property
    def usable(self) -> np.ndarray:
        """Shape `(B, T)` bool: present and finite."""
        return self.present & self.finite

    def weighted_gramian(self) -> np.ndarray:
        """Shape `(B, T, T)`: inner products of the user-weighted, scaled gradients; NaN where a term is not usable."""
        factors = np.where(self.usable, self.weights, np.nan)
        clean = np.where(np.isfinite(self.gramian), self.gramian, np.nan)
        return clean * factors[:, :, None] * factors[:, None, :]

    def lengths(self) -> np.ndarray:
        """Shape `(B, T)`: lengths of the user-weighted, scaled gradients at the shared layers; NaN where not usable."""
        return np.sqrt(np.diagonal(self.weighted_gramian(), axis1=1, axis2=2))

    def mean_lengths(self) -> np.ndarray:
        """Shape `(T,)`: means over the batches in which a term is usable; NaN for terms that never are."""
        return nanmean(self.lengths())

    def shares(self) -> np.ndarray:
        """Shape `(T,)`: each term's part of all gradient lengths at the shared layers; NaN where it does not count."""
        return shares_of(np.where(self.counted, self.mean_lengths(), np.nan))

    def contributions(self) -> np.ndarray:
        """Shape `(T,)`: each term's part of the weighted loss, |weight * loss| over their sum."""
        sizes = np.abs(np.where(self.usable, self.weights * self.losses, np.nan))
        return shares_of(np.where(self.counted, nanmean(sizes), np.nan))

    def cosines(self) -> np.ndarray:
        """Shape `(B, T, T)`: cosines of every two gradients; NaN where one is absent or zero."""
        gramian = self.weighted_gramian()
        lengths = np.sqrt(np.diagonal(gramian, axis1=1, axis2=2))
        lengths = np.where(lengths > 0, lengths, np.nan)
        cosines = np.clip(gramian / (lengths[:, :, None] * lengths[:, None, :]), -1.0, 1.0)
        return np.where(np.abs(cosines) < ROUNDING, 0.0 * cosines, cosines)

    def mean_cosines(self) -> np.ndarray:
        """Shape `(T, T)`: means over the batches."""
        return nanmean(self.cosines())

    def conflicts(self) -> np.ndarray:
        """Shape `(T, T)`: the part of the batches in which the cosine is negative."""
        cosines = self.cosines()
        return nanmean(np.where(np.isnan(cosines), np.nan, cosines < 0))

    def similarities(self) -> np.ndarray:
        """Shape `(T, T)`: 2 a b / (a^2 + b^2) of every two lengths a, b: 1 where they are equal, 0 where far apart."""
        lengths = np.where(self.lengths() > 0, self.lengths(), np.nan)
        ratio = lengths[:, :, None] / lengths[:, None, :]
        return nanmean(2.0 / (ratio + 1.0 / ratio))

    def worsened(self) -> np.ndarray:
        """Shape `(B, T)`: 1 where a step along the sum of all terms makes a term's loss larger, else 0, or NaN.

        To first order a step along -sum_j w_j g_j changes term i by -<w_i g_i, sum_j w_j g_j>.
        """
        counts = self.counted[None, None, :]
        gramian = self.weighted_gramian()
        total = np.nansum(np.where(counts, gramian, 0.0), axis=2)
        size = np.nansum(np.where(counts, np.abs(gramian), 0.0), axis=2)
        return np.where(self.usable, total < -ROUNDING * size, np.nan)

    def condition(self, *, normalised: bool) -> float:
        """The condition number of the balanced terms' Gramian, the median over the batches; NaN below two terms.

        Args:
            normalised: of the cosines, so that lengths do not count; else of the user-weighted, scaled gradients.
        """
        source = self.cosines() if normalised else self.weighted_gramian()
        values = [_condition(matrix[np.ix_(kept, kept)]) for matrix, kept in zip(source, self._rows(), strict=True)]
        return float(np.nanmedian(values)) if np.isfinite(values).any() else float("nan")

    def rows(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """For each batch the balanced terms with a gradient, and their Gramian."""
        gramian = self.weighted_gramian()
        return [(kept, matrix[np.ix_(kept, kept)]) for matrix, kept in zip(gramian, self._rows(), strict=True)]

    def _rows(self) -> list[np.ndarray]:
        return [np.flatnonzero(self.balanced & (lengths > 0)) for lengths in self.lengths()]


def shares_of(sizes: np.ndarray) -> np.ndarray:
    """Parts of the sum, NaN where a size is; all NaN where the sum is zero."""
    total = np.nansum(sizes)
    return sizes / total if total > 0 else np.full_like(sizes, np.nan)


def nanmean(values: np.ndarray) -> np.ndarray:
    """The mean over the first axis of what is not NaN; NaN where nothing is left."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Mean of empty slice")
        return np.nanmean(values, axis=0)


def _condition(matrix: np.ndarray) -> float:
    if len(matrix) < 2 or not np.isfinite(matrix).all():
        return float("nan")
    eigenvalues = np.linalg.eigvalsh(matrix)
    return float(eigenvalues[-1] / max(eigenvalues[0], _FLOOR * eigenvalues[-1]))
