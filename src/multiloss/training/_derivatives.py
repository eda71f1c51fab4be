"""Derivatives of outputs by inputs, for losses that are equations: physics-informed models."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from .._core.errors import invalid
from .._core.linalg import to_float
from .._core.typing import Array
from .backends import matrix_derivatives


def derivatives(function: Callable[[Any], Any], x: Any, order: int = 1) -> tuple[Any, ...]:
    """A function's value with its first and second derivatives by the inputs, sample by sample.

    first[b, i, j] = d u[b, i] / d x[b, j], second[b, i, j, k] = d^2 u[b, i] / d x[b, j] d x[b, k].

    The results can be differentiated again, by the model's weights, so that they serve inside `ml.Joint`, where they
    work in `fit`, `evaluate` and `train_on_batch`, eagerly and compiled. Samples must not depend on each other: a
    model or layer is called with `training=False`, so that BatchNorm uses its stored statistics and Dropout is off.
    An activation must be as smooth as the order asks for: the second derivative of a relu is 0 everywhere. `model`
    in a `Joint` is the model itself: calling it costs a forward pass of its own.

    Needs floating-point inputs. With d the entries of an input and m those of an output, the first order costs about d
    forward passes on JAX (forward mode, in one batch) and m backward passes on TensorFlow and PyTorch; the second d^2
    and m (1 + d).

    Args:
        function: a `keras.Model`, a layer or a function, from `x` to an output `(batch, m)`, or to a dict or list of
            outputs. Outputs of any rank from 1 on will do, as long as the first axis is the batch.
        x: the inputs, `(batch, d)`, or a dict or list of inputs; the same on ranks.
        order: 1 or 2.

    Returns:
        `(value, first)` or `(value, first, second)`, in the dtype of the outputs, float32 or better. For one input and
        one output they are of the shapes `(batch, m)`, `(batch, m, d)` and `(batch, m, d, d)`: the axes of the output,
        then those of the inputs without the batch, so that inputs of shape `(batch,)` add none. Several outputs give
        dicts or lists of the same structure; several inputs give them in each place: `first["x"]`,
        `second["x"]["t"]`, and with both `first["u"]["x"]`.

    Raises:
        ValueError: for another order, integer inputs or outputs, or an output without a batch axis.

    Example:
        >>> import keras
        >>> import numpy as np
        >>> import multiloss as ml
        >>> points = np.array([[1.0, 2.0], [3.0, 0.5]], "float32")  # columns t and x
        >>> u, du, d2u = ml.derivatives(lambda p: p[:, :1] * p[:, 1:] ** 2, points, order=2)  # u = t x^2
        >>> u_t, u_xx = (keras.ops.convert_to_numpy(values) for values in (du[:, 0, 0], d2u[:, 0, 1, 1]))
        >>> u_t.tolist(), u_xx.tolist()
        ([4.0, 0.25], [2.0, 6.0])

        In a term, the heat equation u_t = u_xx / 10 for a model of the inputs t and x:

        >>> def heat(x, model):
        ...     u, du, d2u = ml.derivatives(model, x, order=2)
        ...     return (du["t"][:, 0, 0] - 0.1 * d2u["x"]["x"][:, 0, 0, 0]) ** 2
        >>> ml.Joint(heat).arguments
        ('x', 'model')

    Reference: Raissi et al., Physics-informed neural networks, 2019, doi:10.1016/j.jcp.2018.10.045.
    """
    if order not in (1, 2) or isinstance(order, bool):
        raise invalid("`order` must be 1 or 2", received=order)
    point, inputs = _matrix(x, "an input")
    layouts: list[_Layout] = []

    def on_matrices(point: Array) -> Array:
        arguments = inputs.restore(point)
        calm = {"training": False} if isinstance(function, keras.layers.Layer) else {}
        value, layout = _matrix(function(arguments, **calm), "an output")
        layouts.append(layout)
        return value

    found = matrix_derivatives(on_matrices, point, order)
    return tuple(
        _arrange(ops.cast(array, found[0].dtype), [layouts[-1], *[inputs] * rank]) for rank, array in enumerate(found)
    )


class _Layout:
    """Where the entries of a structure of tensors stand in one matrix.

    Attributes:
        structure: the structure, with nothing of the tensors in it.
        shapes: the tensors' shapes without the batch.
        dtypes: their dtypes.
    """

    def __init__(self, structure: Any, leaves: Sequence[Array]):
        self.structure = keras.tree.map_structure(lambda _: 0, structure)
        self.shapes = [tuple(leaf.shape[1:]) for leaf in leaves]
        self.dtypes = [keras.backend.standardize_dtype(leaf.dtype) for leaf in leaves]

    def parts(self, array: Array, axis: int) -> list[Array]:
        """The pieces of an array that belong to each tensor along an axis."""
        ends = np.cumsum([math.prod(shape) for shape in self.shapes])
        before = (slice(None),) * axis
        return [
            array[(*before, slice(end - math.prod(shape), end))] for end, shape in zip(ends, self.shapes, strict=True)
        ]

    def pack(self, leaves: Sequence[Any]) -> Any:
        """The structure with other leaves."""
        return keras.tree.pack_sequence_as(self.structure, list(leaves))

    def restore(self, matrix: Array) -> Any:
        """The tensors as they were."""
        leaves = [
            ops.cast(ops.reshape(part, (-1, *shape)), dtype)
            for part, shape, dtype in zip(self.parts(matrix, 1), self.shapes, self.dtypes, strict=True)
        ]
        return self.pack(leaves)


def _matrix(structure: Any, what: str) -> tuple[Array, _Layout]:
    """All tensors of a structure side by side, shape `(batch, entries)`, float32 or better, with their layout."""
    leaves = [ops.convert_to_tensor(leaf) for leaf in keras.tree.flatten(structure)]
    for leaf in leaves:
        dtype = keras.backend.standardize_dtype(leaf.dtype)
        if "float" not in dtype or len(leaf.shape) == 0 or None in leaf.shape[1:]:
            raise invalid(
                f"Derivatives need floating-point numbers of shape (batch, ...), sizes known, in {what}",
                received=f"{what} of dtype {dtype} and shape {tuple(leaf.shape)}",
                fix="Inputs that are not to be differentiated by can stay outside: "
                "ml.derivatives(lambda t: model({'t': t, 'kind': kind}), t).",
            )
    layout = _Layout(structure, leaves)
    precise = [to_float(leaf) for leaf in leaves]
    if len({str(leaf.dtype) for leaf in precise}) > 1:
        precise = [ops.cast(leaf, "float64") for leaf in precise]
    flat = [ops.reshape(leaf, (-1, math.prod(shape))) for leaf, shape in zip(precise, layout.shapes, strict=True)]
    return (flat[0] if len(flat) == 1 else ops.concatenate(flat, axis=1)), layout


def _arrange(array: Array, layouts: Sequence[_Layout], axis: int = 1, shape: tuple[int, ...] = ()) -> Any:
    """Splits one axis after the other by the layouts, and gives each piece the axes of its tensors."""
    if axis > len(layouts):
        return ops.reshape(array, (-1, *shape))
    layout = layouts[axis - 1]
    pieces = zip(layout.parts(array, axis), layout.shapes, strict=True)
    return layout.pack([_arrange(piece, layouts, axis + 1, shape + own) for piece, own in pieces])
