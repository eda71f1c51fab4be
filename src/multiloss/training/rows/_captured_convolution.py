"""Captured convolutions: a dense layer that is given a patch of the inputs at each position of the outputs."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any, ClassVar

import keras
from keras import ops

from ..._core.typing import Array
from ._captured_kernels import CapturedKernel, rows_of_positions


class CapturedConvolution(CapturedKernel):
    """A convolution in one group; several groups are as many small kernels, whose gradients cost little to form."""

    kinds: ClassVar[tuple[type, ...]] = (keras.layers.Conv1D, keras.layers.Conv2D, keras.layers.Conv3D)

    @classmethod
    def takes(cls, layer: Any) -> bool:
        """See `CapturedKernel`."""
        return super().takes(layer) and layer.groups == 1

    def positions(self, given: Any, output: Sequence[Any]) -> Array:
        """See `CapturedKernel`."""
        images, size = self._channels_last(given, 0), self._spatial(output)
        width = images.shape[-1] * math.prod(self.layer.kernel_size)
        padding = [self._padding(axis, ops.shape(images)[1 + axis], size[axis]) for axis in range(len(size))]
        images = ops.pad(images, [(0, 0), *padding, (0, 0)])
        strides, dilation = self.layer.strides, self.layer.dilation_rate
        shifted = []
        for offset in itertools.product(*map(range, self.layer.kernel_size)):
            starts = [place * step for place, step in zip(offset, dilation, strict=True)]
            ends = [start + (n - 1) * step + 1 for start, n, step in zip(starts, size, strides, strict=True)]
            shifted.append(images[(slice(None), *map(slice, starts, ends, strides))])
        return ops.reshape(ops.concatenate(shifted, axis=-1), (-1, width))

    def deltas(self, gradients: Array) -> Array:
        """See `CapturedKernel`."""
        return rows_of_positions(self._channels_last(gradients, 1))

    def bias(self, gradients: Array) -> Array:
        """See `CapturedKernel`."""
        return ops.sum(self.deltas(gradients), axis=1)

    def sizes(self, shape: Sequence[int | None], samples: int) -> tuple[int, int, int] | None:
        """See `CapturedKernel`."""
        if len(shape) != self.layer.rank + 2 or None in shape[1:]:
            return None
        batch = samples if shape[0] is None else int(shape[0])
        positions = batch * math.prod(self._spatial(self.layer.compute_output_shape((batch, *shape[1:]))))
        return positions, math.prod(self.layer.kernel.shape[:-1]), self.layer.filters

    def _channels_last(self, array: Array, leading: int) -> Array:
        """An array of images with the channels behind; `leading` axes stand before the samples."""
        return array if self._last else ops.moveaxis(array, 1 + leading, -1)

    def _spatial(self, shape: Sequence[Any]) -> list[Any]:
        return list(shape[1:-1] if self._last else shape[2:])

    @property
    def _last(self) -> bool:
        return bool(self.layer.data_format == "channels_last")

    def _padding(self, axis: int, given: Any, output: Any) -> tuple[Any, Any]:
        """How many zeros stand before and behind the inputs along an axis, for so many outputs."""
        if self.layer.padding == "valid":
            return 0, 0
        reach = (self.layer.kernel_size[axis] - 1) * self.layer.dilation_rate[axis]
        if self.layer.padding == "causal":
            return reach, 0
        missing = (output - 1) * self.layer.strides[axis] + reach + 1 - given
        missing = max(missing, 0) if isinstance(missing, int) else ops.maximum(missing, 0)
        return missing // 2, missing - missing // 2
