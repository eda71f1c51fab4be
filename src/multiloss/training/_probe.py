"""A look at one batch: the terms' losses and gradients, with nothing changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from keras import ops

from .._core.typing import Array
from .._core.variables import layer_names
from ._forward import CommonSteps, Linearized
from ._gradients import shared_by_structure, single_seed
from ._measured import stack
from ._naming import complete_weights


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
        rows = [linear.pull(single_seed(term, size, 1.0), everything, dense=True) for term in range(size)]
        gramian = _inner_products([[row[index] for index in shared] for row in rows])
        squares = [sum((_square(g) for g in row if g is not None), ops.zeros((), "float32")) for row in rows]
        values = linear.forward.values
        with linear.scope:
            measured = self.objective.measure(values, linear.losses, training=True)
        return {
            "losses": measured.losses,
            "weights": measured.user / measured.divisors,
            "labelled": stack([value.labelled for value in values]) / stack([values[0].samples])[0],
            "present": measured.present,
            "gramian": gramian,
            "norms": ops.sqrt(stack(squares)),
            "predictions": linear.forward.batch.y_pred,
        }


def _inner_products(rows: Sequence[Sequence[Any]]) -> Array:
    total = ops.zeros((len(rows), len(rows)), "float32")
    for gradients in zip(*rows, strict=True):
        known = next((gradient for gradient in gradients if gradient is not None), None)
        if known is not None:
            flat = [ops.zeros_like(known) if gradient is None else gradient for gradient in gradients]
            matrix = ops.stack([ops.reshape(ops.cast(gradient, "float32"), (-1,)) for gradient in flat])
            total = total + ops.matmul(matrix, ops.transpose(matrix))
    return total


def _square(gradient: Array) -> Array:
    return ops.sum(ops.square(ops.cast(gradient, "float32")))


def _numpy(value: Any) -> np.ndarray:
    return np.asarray(ops.convert_to_numpy(value))
