"""Taps: layers whose inputs and outputs are recorded in the forward pass, so that rows need not be formed.

The gradient of a loss by the kernel of a dense layer is A' D, for the layer's inputs A and the loss's gradient D by the
layer's outputs before the activation. Inner products of such gradients follow from A and D alone.
"""

from __future__ import annotations

import abc
import contextlib
import math
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, ClassVar

import keras
from keras import ops

from .._core.typing import Array
from . import _gramian
from ._keras_seams import replaced

# Takes what a layer was given and what it gives out, and gives what shall be passed on.
Note = Callable[[Any, Array], Array]


class Tap(abc.ABC):
    """A layer to be recorded.

    Args:
        layer: the layer.
        variables: the trainable variables whose gradients need not be formed, by index, kernel first.
    """

    def __init__(self, layer: keras.layers.Layer, variables: Sequence[int] = ()):
        self.layer = layer
        self.variables = tuple(variables)

    @abc.abstractmethod
    def installed(self, note: Note) -> contextlib.AbstractContextManager[None]:
        """Within it, every call of the layer is noted."""

    @abc.abstractmethod
    def products(self, inputs: Sequence[Any], deltas: Sequence[Array], norms_alone: bool) -> Array:
        """What the layer adds to the Gramian, or to the squared norms.

        Args:
            inputs: what the layer was given, call by call.
            deltas: the rows' gradients by what it gave out, call by call, shape `(K, *output)`.
            norms_alone: whether only the squared norms are wanted.
        """

    @abc.abstractmethod
    def pays(self, inputs: Sequence[Any], rows: int, samples: int, norms_alone: bool) -> bool:
        """Whether this costs less than forming the gradients, in arithmetic and, about as much, in memory.

        Args:
            inputs: what the layer was given, call by call.
            rows: K.
            samples: the size of a batch where a shape leaves it open.
            norms_alone: whether only the squared norms are wanted.
        """

    @contextlib.contextmanager
    def cut(self) -> Iterator[None]:
        """Within it, no gradient reaches the layer's variables through the layer."""
        call = self.layer.call

        def constant(*args: Any, **kwargs: Any) -> Any:
            own = [(variable, ops.stop_gradient(variable.value)) for variable in self.layer.trainable_variables]
            with keras.StatelessScope(own):
                return call(*args, **kwargs)

        with replaced(self.layer, "call", constant):
            yield


@contextlib.contextmanager
def cut(taps: Sequence[Tap]) -> Iterator[None]:
    """Within it, no gradient reaches the layers' variables through the layers."""
    with contextlib.ExitStack() as stack:
        for tap in taps:
            stack.enter_context(tap.cut())
        yield


class DenseTap(Tap):
    """A dense layer: kernel, then bias if it has one."""

    kind: ClassVar[type] = keras.layers.Dense

    @contextlib.contextmanager
    def installed(self, note: Note) -> Iterator[None]:
        """Notes the inputs, and the outputs before the activation."""
        call, activation = self.layer.call, self.layer.activation
        given: list[Any] = []

        def noted(*args: Any, **kwargs: Any) -> Any:
            given.append(args[0] if args else kwargs["inputs"])
            return call(*args, **kwargs)

        def activated(outputs: Array) -> Array:
            return activation(note(given.pop(), outputs))

        with replaced(self.layer, "call", noted), replaced(self.layer, "activation", activated):
            yield

    def products(self, inputs: Sequence[Any], deltas: Sequence[Array], norms_alone: bool) -> Array:
        """See `Tap`."""
        given = ops.concatenate([_positions(array) for array in inputs])
        rows = ops.concatenate([_rows_of_positions(array) for array in deltas], axis=1)
        total = _gramian.of_products(given, rows, norms_alone)
        if len(self.variables) > 1:
            total = total + _gramian.of_rows(ops.sum(rows, axis=1), norms_alone)
        return total

    def pays(self, inputs: Sequence[Any], rows: int, samples: int, norms_alone: bool) -> bool:
        """See `Tap`."""
        count = sum(_count(array.shape[:-1], samples) for array in inputs)
        return _gramian.pays(rows, count, inputs[0].shape[-1], self.layer.units, norms_alone)


class EmbeddingTap(Tap):
    """An embedding: its table."""

    kind: ClassVar[type] = keras.layers.Embedding

    @contextlib.contextmanager
    def installed(self, note: Note) -> Iterator[None]:
        """Notes the indices and the vectors."""
        call = self.layer.call

        def noted(*args: Any, **kwargs: Any) -> Any:
            return note(args[0] if args else kwargs["inputs"], call(*args, **kwargs))

        with replaced(self.layer, "call", noted):
            yield

    def products(self, inputs: Sequence[Any], deltas: Sequence[Array], norms_alone: bool) -> Array:
        """See `Tap`."""
        indices = ops.concatenate([ops.reshape(ops.cast(array, "int32"), (-1,)) for array in inputs])
        rows = ops.concatenate([_rows_of_positions(array) for array in deltas], axis=1)
        return _gramian.of_looked_up(indices, rows, norms_alone)

    def pays(self, inputs: Sequence[Any], rows: int, samples: int, norms_alone: bool) -> bool:
        """See `Tap`."""
        count = sum(_count(array.shape, samples) for array in inputs)
        table, width = self.layer.input_dim, self.layer.output_dim
        return _gramian.pays(rows, count, table, width, norms_alone, lookup=True)


class OutputTap(Tap):
    """A layer's output as a representation: the Gramian is taken over it, and over no variable."""

    @contextlib.contextmanager
    def installed(self, note: Note) -> Iterator[None]:
        """Notes every floating tensor that the layer gives out."""
        call = self.layer.call

        def noted(*args: Any, **kwargs: Any) -> Any:
            def each(leaf: Any) -> Any:
                if leaf is None or "float" not in keras.backend.standardize_dtype(leaf.dtype):
                    return leaf
                return note(None, leaf)

            return keras.tree.map_structure(each, call(*args, **kwargs))

        with replaced(self.layer, "call", noted):
            yield

    def products(self, inputs: Sequence[Any], deltas: Sequence[Array], norms_alone: bool) -> Array:
        """See `Tap`."""
        terms = [_gramian.of_rows(array, norms_alone) for array in deltas]
        return sum(terms[1:], terms[0])

    def pays(self, inputs: Sequence[Any], rows: int, samples: int, norms_alone: bool) -> bool:
        """It was asked for."""
        return True


class Recording:
    """What the tapped layers took in and gave out in one forward pass, record by record.

    Args:
        taps: the layers to record.
        bumps: tensors that are added to the outputs, record by record; None adds nothing.

    Attributes:
        owners: the tap of each record.
        inputs: what the layer was given.
        outputs: what it gave out.
    """

    def __init__(self, taps: Sequence[Tap] = (), bumps: Sequence[Array] | None = None):
        self.taps = taps
        self.bumps = bumps
        self.owners: list[Tap] = []
        self.inputs: list[Any] = []
        self.outputs: list[Array] = []

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Within it, the tapped layers are recorded."""
        with contextlib.ExitStack() as stack:
            for tap in self.taps:
                stack.enter_context(tap.installed(partial(self._note, tap)))
            yield

    def _note(self, tap: Tap, given: Any, output: Array) -> Array:
        if self.bumps is not None:
            output = output + self.bumps[len(self.outputs)]
        self.owners.append(tap)
        self.inputs.append(given)
        self.outputs.append(output)
        return output

    def places(self, taps: Sequence[Tap]) -> list[int]:
        """The records of some taps, by number."""
        return [place for place, owner in enumerate(self.owners) if owner in taps]


def _positions(array: Array) -> Array:
    """All positions of all samples below each other in float32, shape `(N, m)`."""
    return ops.cast(ops.reshape(array, (-1, array.shape[-1])), "float32")


def _rows_of_positions(array: Array) -> Array:
    return ops.cast(ops.reshape(array, (array.shape[0], -1, array.shape[-1])), "float32")


def _count(shape: Sequence[int | None], samples: int) -> int:
    """How many positions a shape holds; a dimension that is left open is the batch."""
    return math.prod(samples if size is None else int(size) for size in shape)
