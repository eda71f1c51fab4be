"""All that is known of a problem before it is judged."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from ..terms import Description, Term
from ..training import MultiLossModel, Probe
from ..training.reading import Batches, by_name, declared_outputs
from ..weighting import Fixed
from ._loss_kind import LossKind, loss_kind
from ._measurement import Measurement
from ._outputs import Output, outputs_of
from ._targets import MOST_ENTRIES, Source, Targets, spread_rows, targets_of, term_of


@dataclass(frozen=True)
class Subject:
    """A term that compares an output with its targets, and what is known of it.

    Attributes:
        name: the term's name.
        term: its description.
        kind: what its loss expects.
        targets: its targets.
        output: its output; the predictions are those of the chosen columns.
    """

    name: str
    term: Term
    kind: LossKind
    targets: Targets
    output: Output


@dataclass(frozen=True)
class Measurements:
    """What the checks read.

    Attributes:
        trainer: the compiled trainer.
        terms: its bound terms by name, in order; without the model's own losses where there are none.
        balances: whether a balancer was chosen.
        subjects: the terms that read targets, by name.
        inputs: the inputs by name.
        outputs: the model's outputs by name.
        whole: whether targets and inputs are all of the training data's, or those of the batches alone.
        samples: how many samples `inputs` holds.
        measured: the gradients; None where the first batch could not be evaluated.
        measure: the gradients on the same batches with other descriptions in the place of some terms.
    """

    trainer: MultiLossModel
    terms: Mapping[str, Any]
    balances: bool
    subjects: Mapping[str, Subject]
    inputs: Mapping[str, np.ndarray]
    outputs: Mapping[str, Output]
    whole: bool
    samples: int
    measured: Measurement | None
    measure: Callable[[Mapping[str, Description]], Measurement] | None = None

    @property
    def begun(self) -> bool:
        """Whether the trainer has made a step."""
        return int(keras.ops.convert_to_numpy(self.trainer.optimizer.iterations)) > 0

    @property
    def where(self) -> str:
        """Of what the findings on data speak."""
        return "in the training data" if self.whole else f"in the {self.samples} samples looked at"


def gather(
    trainer: MultiLossModel,
    seen: Sequence[tuple[Any, Any, Any]],
    data: Batches,
    measured: Measurement | None,
    probes: Sequence[Probe],
) -> Measurements:
    """Puts together what the checks read.

    Args:
        trainer: the compiled trainer.
        seen: the batches looked at.
        data: where they come from; arrays are looked at as a whole.
        measured: the gradients, where there are any.
        probes: of each batch; none where they could not be evaluated.
    """
    # Batches of sequences may be of many lengths: what is joined has one.
    alike = [index for index, batch in enumerate(seen) if _shapes(batch) == _shapes(seen[0])]
    probes = [probes[index] for index in alike] if probes else []
    joined = _joined([seen[index] for index in alike])
    whole = keras.utils.unpack_x_y_sample_weight(data.data) if data.arrays else joined
    tensors = declared_outputs(trainer.model)
    outputs = outputs_of(trainer.model, tensors, _by_output([probe.predictions for probe in probes]))
    names = list(outputs) or list(tensors)

    def read(data: tuple[Any, Any, Any], whole: bool, masks: Mapping[str, Any]) -> Source:
        x, y, _ = data
        known = trainer.program.names.of_batch(y, dict.fromkeys(names), None)[1] if names and y is not None else {}
        return Source(x, known, masks, whole)

    masks = _by_output([probe.masks for probe in probes])
    sources = read(whole, data.arrays, {}), read(joined, False, masks)
    x = whole[0]
    named = by_name(x, None) if isinstance(x, dict | list | tuple) else {"x": x}
    inputs = {name: np.asarray(array) for name, array in named.items()}
    return Measurements(
        trainer=trainer,
        terms={name: term for name, term in trainer.terms.items() if measured is None or name in measured.names},
        balances=trainer.program.objective.balancing.wanted and not isinstance(trainer.balancer, Fixed),
        subjects=_subjects(trainer, sources, outputs, tensors),
        inputs={name: array[spread_rows(array)] for name, array in inputs.items()},
        outputs=outputs,
        whole=data.arrays and all(array.size <= MOST_ENTRIES for array in inputs.values()),
        samples=min(len(array[spread_rows(array)]) for array in inputs.values()),
        measured=measured,
    )


def _subjects(
    trainer: MultiLossModel, sources: tuple[Source, Source], outputs: Mapping[str, Output], tensors: Mapping[str, Any]
) -> dict[str, Subject]:
    found = {}
    for name, bound in trainer.terms.items():
        term = term_of(bound.description)
        if term is None:
            continue
        output = outputs.get(str(term.output)) or _unseen(str(term.output), tensors)
        if output is None:
            continue
        # Only a forward pass says where sequences are padded.
        everything, batches = sources
        known = targets_of(term, batches if output.name in batches.masks else everything, output.predictions.shape)
        if known is None:
            continue
        kind = loss_kind(term, known.values, output.predictions)
        found[name] = Subject(name, term, kind, known, output.columns(term.column))
    return found


def _by_output(batches: Sequence[Mapping[str, np.ndarray]]) -> dict[str, np.ndarray]:
    return {name: np.concatenate([batch[name] for batch in batches]) for name in batches[0]} if batches else {}


def _shapes(batch: tuple[Any, Any, Any]) -> list[tuple[int, ...]]:
    return [np.shape(leaf)[1:] for leaf in keras.tree.flatten(batch)]


def _unseen(name: str, tensors: Mapping[str, Any]) -> Output | None:
    """An output whose shape is all that is known of it."""
    if name not in tensors:
        return None
    shape = [0 if size is None else int(size) for size in tensors[name].shape]
    return Output(name, np.zeros((0, *shape[1:]), "float32"))


def _joined(seen: Sequence[tuple[Any, Any, Any]]) -> tuple[Any, Any, Any]:
    """The batches as one; a part that some batch lacks is left out."""
    parts: list[Any] = []
    for part in zip(*seen, strict=True):
        if any(entry is None for entry in part):
            parts.append(None)
        else:
            parts.append(keras.tree.map_structure(lambda *leaves: np.concatenate(leaves), *part))
    return tuple(parts)
