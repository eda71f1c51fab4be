"""Captured layers that multiply what they are given by a kernel, position by position.

The gradient of a loss by such a kernel is A' D, for the layer's inputs A at all positions and the loss's gradient D by
the layer's outputs before the activation. Inner products of such gradients follow from A and D alone: the "ghost norm"
of Goodfellow, Efficient Per-Example Gradient Computations, 2015, arXiv:1510.01799, here between terms.
"""

from __future__ import annotations

import abc
import contextlib
import math
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

import keras
from keras import ops

from ..._core.typing import Array
from .._keras_seams import replaced
from ._captured import CapturedLayer, Hook
from ._products import Products


class CapturedKernel(CapturedLayer):
    """A layer of kernel, bias if it has one, and activation."""

    kinds: ClassVar[tuple[type, ...]]

    @classmethod
    def takes(cls, layer: Any) -> bool:
        """Whether the layer is one of these, and no subclass, which may do anything else in its call."""
        activation = getattr(layer, "activation", None)  # a layer as activation may have weights of its own
        return type(layer) in cls.kinds and callable(activation) and not isinstance(activation, keras.layers.Layer)

    @abc.abstractmethod
    def positions(self, given: Any, output: Sequence[Any]) -> Array:
        """What the kernel multiplies, all positions of all samples below each other, shape `(N, m)`.

        Args:
            given: what the layer was given.
            output: the shape of what it gave out.
        """

    @abc.abstractmethod
    def deltas(self, gradients: Array) -> Array:
        """The rows' gradients by what the layer gave out, in the order of the positions, shape `(K, N, n)`."""

    @abc.abstractmethod
    def bias(self, gradients: Array) -> Array:
        """The rows' gradients by the bias, shape `(K, ...)`, from those by what the layer gave out."""

    @abc.abstractmethod
    def sizes(self, shape: Sequence[int | None], samples: int) -> tuple[int, int, int] | None:
        """N, m and n for inputs of a shape; None where it leaves too much open.

        Args:
            shape: that of the inputs.
            samples: the size of a batch where the shape leaves it open.
        """

    @contextlib.contextmanager
    def hooked(self, hook: Hook) -> Iterator[None]:
        """The hook gets the inputs, and the outputs before the activation."""
        call, activation = self.layer.call, self.layer.activation
        given: list[Any] = []

        def noted(*args: Any, **kwargs: Any) -> Any:
            given.append(args[0] if args else kwargs["inputs"])
            return call(*args, **kwargs)

        def activated(outputs: Array) -> Array:
            return activation(hook(given.pop(), outputs))

        with replaced(self.layer, "call", noted), replaced(self.layer, "activation", activated):
            yield

    def products(self, inputs: Sequence[Any], deltas: Sequence[Array], products: Products) -> Array:
        """See `CapturedLayer`."""
        rows = [ops.cast(array, "float32") for array in deltas]
        given = [
            self.positions(ops.cast(array, "float32"), ops.shape(row)[1:])
            for array, row in zip(inputs, rows, strict=True)
        ]
        total = products.of_outer(ops.concatenate(given), ops.concatenate([self.deltas(row) for row in rows], axis=1))
        if len(self.variables) > 1:
            of_calls = [self.bias(row) for row in rows]
            total = total + products.of_rows(sum(of_calls[1:], of_calls[0]))
        return total

    def pays(self, inputs: Sequence[Any], rows: int, samples: int, products: Products) -> bool:
        """See `CapturedLayer`."""
        known = [size for array in inputs if (size := self.sizes(array.shape, samples)) is not None]
        if len(known) < len(inputs):
            return False
        return products.pays(rows, sum(positions for positions, _, _ in known), *known[0][1:])


class CapturedDense(CapturedKernel):
    """A dense layer."""

    kinds: ClassVar[tuple[type, ...]] = (keras.layers.Dense,)

    def positions(self, given: Any, output: Sequence[Any]) -> Array:
        """See `CapturedKernel`."""
        return ops.reshape(given, (-1, given.shape[-1]))

    def deltas(self, gradients: Array) -> Array:
        """See `CapturedKernel`."""
        return rows_of_positions(gradients)

    def bias(self, gradients: Array) -> Array:
        """See `CapturedKernel`."""
        return ops.sum(rows_of_positions(gradients), axis=1)

    def sizes(self, shape: Sequence[int | None], samples: int) -> tuple[int, int, int]:
        """See `CapturedKernel`."""
        return count(shape[:-1], samples), int(shape[-1] or 0), self.layer.units


class CapturedEinsumDense(CapturedKernel):
    """A dense layer over several axes, as those within attention, where each axis is kept, summed over, or new."""

    kinds: ClassVar[tuple[type, ...]] = (keras.layers.EinsumDense,)

    @classmethod
    def takes(cls, layer: Any) -> bool:
        """Whether its equation is a plain product; see `CapturedKernel`."""
        if not super().takes(layer) or layer.input_spec is None:
            return False
        given, kernel, output = _labels(layer.equation, layer.input_spec.ndim)
        kept, summed, new = set(given) - set(kernel), set(given) & set(kernel), set(kernel) - set(given)
        once = all(len(set(labels)) == len(labels) for labels in (given, kernel, output))
        return once and set(output) == kept | new and not summed & set(output)

    def positions(self, given: Any, output: Sequence[Any]) -> Array:
        """See `CapturedKernel`."""
        labels, kernel, _ = self._of(len(given.shape))
        kept, summed = _parts(labels, kernel)
        width = math.prod(given.shape[labels.index(label)] for label in summed)
        return ops.reshape(ops.transpose(given, [labels.index(label) for label in kept + summed]), (-1, width))

    def deltas(self, gradients: Array) -> Array:
        """See `CapturedKernel`."""
        output, kept, new = self._of_output(gradients)
        width = math.prod(gradients.shape[1 + output.index(label)] for label in new)
        order = [0, *(1 + output.index(label) for label in kept + new)]
        return ops.reshape(ops.transpose(gradients, order), (gradients.shape[0], -1, width))

    def bias(self, gradients: Array) -> Array:
        """See `CapturedKernel`."""
        output, _, _ = self._of_output(gradients)
        return ops.sum(gradients, axis=[1 + place for place, label in enumerate(output) if label not in self._biased])

    def sizes(self, shape: Sequence[int | None], samples: int) -> tuple[int, int, int]:
        """See `CapturedKernel`."""
        labels, kernel, output = self._of(len(shape))
        kept, summed = _parts(labels, kernel)
        size = dict(zip(kernel, self.layer.kernel.shape, strict=True))
        width = math.prod(size[label] for label in output if label in size)
        return (
            count([shape[labels.index(label)] for label in kept], samples),
            math.prod(size[label] for label in summed),
            width,
        )

    @property
    def _biased(self) -> str:
        return self.layer.bias_axes or ""

    def _of(self, rank: int) -> tuple[str, str, str]:
        return _labels(self.layer.equation, rank)

    def _of_output(self, gradients: Array) -> tuple[str, str, str]:
        """The labels of what the layer gave out, of these the kept ones in the order of the inputs, and the new."""
        given, kernel, output = self._of(self.layer.input_spec.ndim)
        kept, _ = _parts(given, kernel)
        return output, kept, "".join(label for label in output if label not in kept)


def _labels(equation: str, rank: int) -> tuple[str, str, str]:
    """The labels of inputs of some rank, of the kernel, and of the outputs; digits are the axes that dots stand for."""
    operands, output = equation.replace(" ", "").split("->")
    given, kernel = operands.split(",")
    dots = "".join(map(str, range(rank - len(given.replace("...", "")))))
    return given.replace("...", dots), kernel, output.replace("...", dots)


def _parts(given: str, kernel: str) -> tuple[str, str]:
    """The labels that are kept, and those that are summed over, in the order of the inputs."""
    kept = "".join(label for label in given if label not in kernel)
    return kept, "".join(label for label in given if label in kernel)


def rows_of_positions(array: Array) -> Array:
    """Rows of gradients by outputs, all positions below each other, shape `(K, N, n)`."""
    return ops.reshape(array, (array.shape[0], -1, array.shape[-1]))


def count(shape: Sequence[int | None], samples: int) -> int:
    """How many positions a shape holds; a dimension that is left open is the batch."""
    return math.prod(samples if size is None else int(size) for size in shape)
