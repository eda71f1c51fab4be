"""The methods of Keras that take one batch, which look at it before a backend makes tensors of it."""

from __future__ import annotations

from typing import Any

import keras

from ..reading import refuse_masked


class UnmaskedDataModel(keras.Model):
    """A `keras.Model` that refuses NumPy's masked arrays."""

    def train_on_batch(self, *args: Any, **kwargs: Any) -> Any:
        """As `keras.Model.train_on_batch`."""
        _look(args, kwargs)
        return super().train_on_batch(*args, **kwargs)

    def test_on_batch(self, *args: Any, **kwargs: Any) -> Any:
        """As `keras.Model.test_on_batch`."""
        _look(args, kwargs)
        return super().test_on_batch(*args, **kwargs)


def _look(args: tuple, kwargs: dict[str, Any]) -> None:
    refuse_masked(**dict(zip(("x", "y", "sample_weight"), args, strict=False)), **kwargs)
