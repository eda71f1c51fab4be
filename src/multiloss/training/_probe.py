"""A look at one batch: the terms' losses and gradients, with nothing changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from keras import ops

from .._core.variables import layer_names
from . import _gramian
from ._forward import CommonSteps, Linearized
from ._measured import stack
from ._naming import complete_weights
from ._pullback import single_seed
from ._sharing import shared_by_structure


@dataclass(frozen=True)
class Probe:
    """What one batch shows of T terms; float64, and NaN or infinite where the training is.

    Attributes:
        names: the terms' names.
        balanced: which of them a balancer may weigh.
        losses: raw losses, shape `(T,)`.
        weights: the user's weight over the scale, without any balancer, shape `(T,)`.
        labelled: the fraction of the samples with a label, shape `(T,)`.
        present: which terms have a label and a weight other than 0, shape `(T,)`.
        gramian: inner products of the gradients of the raw losses over the shared variables, or over all trainable
            variables where none is shared, shape `(T, T)`.
        norms: lengths of the gradients of the raw losses over all trainable variables, shape `(T,)`.
        reached: for each term, the paths of the layers that its gradient reaches.
        shared: the paths of the layers that at least two balanced terms reach; empty where there are none.
        predictions: the model's outputs by name.
    """

    names: tuple[str, ...]
    balanced: np.ndarray
    losses: np.ndarray
    weights: np.ndarray
    labelled: np.ndarray
    present: np.ndarray
    gramian: np.ndarray
    norms: np.ndarray
    reached: tuple[tuple[str, ...], ...]
    shared: tuple[str, ...]
    predictions: dict[str, np.ndarray]


class Probing(CommonSteps):
    """`probe`; `MultiLossModel` gives the attributes."""

    _checked: bool
    _assert_compile_called: Any
    _symbolic_build: Any
    on_one_batch: Any

    def probe(self, x: Any, y: Any = None, sample_weight: Any = None) -> Probe:
        """Looks at one batch in training mode and changes nothing: no weight, statistic, seed, scale or flag.

        Costs one forward and T backward passes.

        Args:
            x: inputs.
            y: targets.
            sample_weight: sample weights.

        Raises:
            ValueError: for a trainer that is not compiled, and data that do not fit the terms.
        """
        self._assert_compile_called("probe")
        sample_weight = complete_weights(y, sample_weight)
        if not self._checked:
            self._symbolic_build(data_batch=(x, y, sample_weight))
        found = self.on_one_batch(self._examine, x, y, sample_weight)
        arrays = {key: _numpy(value) for key, value in found.items() if key != "predictions"}
        assert self._reach is not None
        variables = self.model.trainable_variables
        return Probe(
            names=tuple(term.name for term in self.objective.terms),
            balanced=np.array([term.balanced for term in self.objective.terms]),
            reached=tuple(tuple(layer_names(variables[index] for index in sorted(reach))) for reach in self._reach),
            shared=tuple(layer_names(variables[index] for index in self._shared())),
            predictions={name: _numpy(value) for name, value in found["predictions"].items()},
            present=arrays.pop("present").astype(bool),
            **{key: value.astype("float64") for key, value in arrays.items()},
        )

    def _shared(self) -> list[int]:
        assert self._reach is not None
        return shared_by_structure([[index] for index in self.objective.balancing.balanced], self._reach)

    def _examine(self, linear: Linearized) -> dict[str, Any]:
        """All that is wanted of a batch, as tensors; the linearised step is thrown away afterwards."""
        if self._reach is None:
            self._reach = linear.pull.reach()
        everything = range(len(self.model.trainable_variables))
        shared = self._shared() or list(everything)
        size = len(linear.losses)
        rows = [single_seed(term, size, 1.0) for term in range(size)]
        found = dict(zip(everything, linear.pull.rows(rows, everything, (), "auto"), strict=True))
        known = {index: gradients for index, gradients in found.items() if gradients is not None}
        squares = sum((_gramian.of_rows(g, norms_alone=True) for g in known.values()), ops.zeros(size, "float32"))
        gramian = sum(
            (_gramian.of_rows(g, norms_alone=False) for index, g in known.items() if index in shared),
            ops.zeros((size, size), "float32"),
        )
        values = linear.forward.values
        with linear.scope:
            measured = self.objective.measure(values, linear.losses, training=True)
        return {
            "losses": measured.losses,
            "weights": measured.user / measured.divisors,
            "labelled": stack([value.labelled for value in values]) / stack([values[0].samples])[0],
            "present": measured.present,
            "gramian": gramian,
            "norms": ops.sqrt(squares),
            "predictions": linear.forward.batch.y_pred,
        }


def _numpy(value: Any) -> np.ndarray:
    return np.asarray(ops.convert_to_numpy(value))
