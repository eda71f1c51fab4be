"""Captured layers, whose inputs and outputs are kept in the forward pass, so that rows need not be formed."""

from __future__ import annotations

import abc
import contextlib
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import keras
from keras import ops

from ..._core.typing import Array
from .._keras_seams import replaced
from ._products import Products

# Takes what a layer was given and what it gives out, and gives what shall be passed on.
Hook = Callable[[Any, Array], Array]


class CapturedLayer(abc.ABC):
    """A layer whose activations are captured.

    Args:
        layer: the layer.
        variables: the trainable variables whose gradients need not be formed, by index, kernel first.
    """

    def __init__(self, layer: keras.layers.Layer, variables: Sequence[int] = ()):
        self.layer = layer
        self.variables = tuple(variables)

    @abc.abstractmethod
    def hooked(self, hook: Hook) -> contextlib.AbstractContextManager[None]:
        """Within it, every call of the layer passes through the hook."""

    @abc.abstractmethod
    def products(self, inputs: Sequence[Any], deltas: Sequence[Array], products: Products) -> Array:
        """What the layer's variables add to the inner products.

        Args:
            inputs: what the layer was given, call by call.
            deltas: the rows' gradients by what it gave out, call by call, shape `(K, *output)`.
            products: which inner products are wanted.
        """

    @abc.abstractmethod
    def pays(self, inputs: Sequence[Any], rows: int, samples: int, products: Products) -> bool:
        """Whether this costs less than forming the gradients, in arithmetic and, about as much, in memory.

        Args:
            inputs: what the layer was given, call by call.
            rows: K.
            samples: the size of a batch where a shape leaves it open.
            products: which inner products are wanted.
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
def cut(captured: Sequence[CapturedLayer]) -> Iterator[None]:
    """Within it, no gradient reaches the layers' variables through the layers."""
    with contextlib.ExitStack() as stack:
        for layer in captured:
            stack.enter_context(layer.cut())
        yield


class CapturedOutput(CapturedLayer):
    """A layer's output as a representation: the Gramian is taken over it, and over no variable."""

    @contextlib.contextmanager
    def hooked(self, hook: Hook) -> Iterator[None]:
        """The hook gets every floating tensor that the layer gives out."""
        call = self.layer.call

        def noted(*args: Any, **kwargs: Any) -> Any:
            def each(leaf: Any) -> Any:
                if leaf is None or "float" not in keras.backend.standardize_dtype(leaf.dtype):
                    return leaf
                return hook(None, leaf)

            return keras.tree.map_structure(each, call(*args, **kwargs))

        with replaced(self.layer, "call", noted):
            yield

    def products(self, inputs: Sequence[Any], deltas: Sequence[Array], products: Products) -> Array:
        """See `CapturedLayer`."""
        terms = [products.of_rows(array) for array in deltas]
        return sum(terms[1:], terms[0])

    def pays(self, inputs: Sequence[Any], rows: int, samples: int, products: Products) -> bool:
        """It was asked for."""
        return True


class Activations:
    """What the captured layers took in and gave out in one forward pass, call by call.

    Args:
        captured: the layers.
        offsets: tensors that are added to the outputs, call by call; None adds nothing.
        source: makes sure that gradients can be taken by an output, even where no variable stands behind it.

    Attributes:
        owners: the layer of each call.
        inputs: what the layer was given.
        outputs: what it gave out.
    """

    def __init__(
        self,
        captured: Sequence[CapturedLayer] = (),
        offsets: Sequence[Array] | None = None,
        *,
        source: Callable[[Array], Array] = lambda output: output,
    ):
        self.captured = captured
        self.offsets = offsets
        self.source = source
        self.owners: list[CapturedLayer] = []
        self.inputs: list[Any] = []
        self.outputs: list[Array] = []

    @contextlib.contextmanager
    def capturing(self) -> Iterator[None]:
        """Within it, the activations of the layers are captured."""
        with contextlib.ExitStack() as stack:
            for layer in self.captured:
                stack.enter_context(layer.hooked(partial(self._keep, layer)))
            yield

    def _keep(self, owner: CapturedLayer, given: Any, output: Array) -> Array:
        if self.offsets is not None:
            output = output + self.offsets[len(self.outputs)]
        output = self.source(output)
        self.owners.append(owner)
        self.inputs.append(given)
        self.outputs.append(output)
        return output

    def calls(self, captured: Sequence[CapturedLayer]) -> list[int]:
        """The calls of some layers, by number."""
        return [place for place, owner in enumerate(self.owners) if owner in captured]
