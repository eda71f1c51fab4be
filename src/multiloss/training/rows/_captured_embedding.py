"""Captured embeddings: their gradients are sums of the rows' gradients over the positions of each index."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

import keras
from keras import ops

from ..._core.typing import Array
from .._keras_seams import replaced
from ._captured import CapturedLayer, Hook
from ._captured_kernels import count, rows_of_positions
from ._products import Products


class CapturedEmbedding(CapturedLayer):
    """An embedding: its table."""

    kind: ClassVar[type] = keras.layers.Embedding

    @classmethod
    def takes(cls, layer: Any) -> bool:
        """Whether the layer is one, and no subclass."""
        return type(layer) is cls.kind

    @contextlib.contextmanager
    def hooked(self, hook: Hook) -> Iterator[None]:
        """The hook gets the indices and the vectors."""
        call = self.layer.call

        def noted(*args: Any, **kwargs: Any) -> Any:
            return hook(args[0] if args else kwargs["inputs"], call(*args, **kwargs))

        with replaced(self.layer, "call", noted):
            yield

    def products(self, inputs: Sequence[Any], deltas: Sequence[Array], products: Products) -> Array:
        """See `CapturedLayer`."""
        indices = ops.concatenate([ops.reshape(ops.cast(array, "int32"), (-1,)) for array in inputs])
        rows = ops.concatenate([rows_of_positions(ops.cast(array, "float32")) for array in deltas], axis=1)
        return products.of_lookup(indices, rows)

    def pays(self, inputs: Sequence[Any], rows: int, samples: int, products: Products) -> bool:
        """See `CapturedLayer`."""
        positions = sum(count(array.shape, samples) for array in inputs)
        return products.pays(rows, positions, self.layer.input_dim, self.layer.output_dim, lookup=True)
