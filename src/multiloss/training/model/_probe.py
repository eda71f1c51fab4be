"""A look at one batch: the terms' losses and gradients, with nothing changed."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from keras import ops

from ..._core.linalg import stack
from ..._core.variables import layer_names
from ...terms import Description
from ..reading import read_data
from ..rows import GramianProducts, NormProducts, single_cotangent
from ..step import Linearized, StepProgram


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
        connected: for each term, the paths of the layers that it is structurally connected to.
        shared: the paths of the layers that at least two balanced terms are connected to; empty where there are none.
        predictions: the model's outputs by name.
        masks: the masks that layers hung on outputs (of padded sequences), true where a sequence has a step, by name.
    """

    names: tuple[str, ...]
    balanced: np.ndarray
    losses: np.ndarray
    weights: np.ndarray
    labelled: np.ndarray
    present: np.ndarray
    gramian: np.ndarray
    norms: np.ndarray
    connected: tuple[tuple[str, ...], ...]
    shared: tuple[str, ...]
    predictions: dict[str, np.ndarray]
    masks: dict[str, np.ndarray]


def probe(program: StepProgram, x: Any, y: Any, sample_weight: Any) -> Probe:
    """Looks at one batch; see `MultiLossModel.probe`."""
    found = program.on_one_batch(_Examination(program), x, y, sample_weight)
    arrays = {key: _numpy(value) for key, value in found.items() if key not in ("predictions", "masks")}
    plan, terms = program.plan, program.objective.terms
    assert plan.connected is not None
    return Probe(
        names=tuple(term.name for term in terms),
        balanced=np.array([term.balanced for term in terms]),
        connected=tuple(
            tuple(layer_names(plan.variables[index] for index in sorted(variables))) for variables in plan.connected
        ),
        shared=tuple(layer_names(plan.variables[index] for index in plan.shared())),
        predictions={name: _numpy(value) for name, value in found["predictions"].items()},
        masks={name: _numpy(value) for name, value in found["masks"].items()},
        present=arrays.pop("present").astype(bool),
        **{key: value.astype("float64") for key, value in arrays.items()},
    )


def probe_changed(
    program: StepProgram, descriptions: Mapping[str, Description], batches: Iterable[tuple[Any, Any, Any]]
) -> list[Probe]:
    """Looks at batches as if some terms were others; the program is left as it is, and has seen a batch already.

    Args:
        program: of a compiled trainer.
        descriptions: bound descriptions by the names of the terms in whose place they stand.
        batches: inputs, targets and sample weights.
    """
    changed, objective = copy.copy(program), copy.copy(program.objective)
    objective.terms = [
        dataclasses.replace(term, description=descriptions.get(term.name, term.description)) for term in objective.terms
    ]
    changed.objective = objective
    return [probe(changed, *read_data(program.names, *batch)) for batch in batches]


@dataclass(frozen=True)
class _Examination:
    """All that is wanted of a batch, as tensors; the linearised step is thrown away afterwards."""

    program: StepProgram

    def __call__(self, linear: Linearized) -> dict[str, Any]:
        objective, plan = self.program.objective, self.program.plan
        plan.connect(linear)
        everything = range(len(plan.variables))
        shared = plan.shared() or list(everything)
        size = len(linear.losses)
        rows = [single_cotangent(term, size, 1.0) for term in range(size)]
        found = dict(zip(everything, linear.pull.rows(rows, everything, (), "auto"), strict=True))
        total = objective.replicas.total
        known = {index: total(gradients) for index, gradients in found.items() if gradients is not None}
        norms, products = NormProducts(), GramianProducts()
        squares = sum((norms.of_rows(g) for g in known.values()), norms.zeros(size))
        gramian = sum((products.of_rows(g) for index, g in known.items() if index in shared), products.zeros(size))
        values = linear.forward.values
        with linear.scope:
            measured = objective.measure(values, linear.losses, training=True)
        return {
            "losses": measured.losses,
            "weights": measured.weights,
            "labelled": stack([value.labelled for value in values]) / stack([values[0].samples])[0],
            "present": measured.present,
            "gramian": gramian,
            "norms": ops.sqrt(squares),
            "predictions": dict(linear.forward.batch.y_pred),
            "masks": dict(linear.forward.batch.masks),
        }


def _numpy(value: Any) -> np.ndarray:
    return np.asarray(ops.convert_to_numpy(value))
