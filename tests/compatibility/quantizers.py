"""The quantizers of Keras: a model is quantized before or after a training, never by it."""

from __future__ import annotations

import keras

from .case import Case, NotTrained
from .models import compiled, normal, trained, trunk
from .surface import classes


def cases() -> dict[str, Case | NotTrained]:
    """By class name."""
    configs = {
        "Int8QuantizationConfig": lambda: keras.quantizers.Int8QuantizationConfig(),
        "Int4QuantizationConfig": lambda: keras.quantizers.Int4QuantizationConfig(),
        "Float8QuantizationConfig": lambda: keras.quantizers.Float8QuantizationConfig(),
    }
    found: dict[str, Case | NotTrained] = {
        name: NotTrained("quantizes weights, before or after a training") for name in classes(keras.quantizers)
    }
    for name, make in configs.items():
        found[name] = Case(lambda make=make: _quantized(make()), compiled(), trained(lambda: normal(4)))
    return found


def _quantized(config: object) -> keras.Model:
    model = trunk()
    layer = model.get_layer("trunk")
    layer.quantize(config=config)
    if "Float8" not in type(config).__name__:
        layer.enable_lora(2)
    return model
