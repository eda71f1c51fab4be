"""Every dtype policy of Keras under which it trains something."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import keras

from .case import Case, NotTrained
from .models import compiled, normal, sgd, trained, trunk

LOGS = ("loss", "value_loss", "label_loss", "value_mae", "label_accuracy")
HALF = "losses are computed in float32 here"


def cases() -> dict[str, Case | NotTrained]:
    """By class name; `Class: variant` for more of one class."""
    half: dict[str, Any] = {"closeness": 1e-2, "because": HALF}
    return {
        "DTypePolicy: float32": _whole("float32"),
        "DTypePolicy: float64": _whole("float64"),
        "DTypePolicy: float16": _whole("float16", **half),
        "DTypePolicy: bfloat16": _whole("bfloat16", closeness=5e-2, because=HALF),
        "DTypePolicy: mixed_float16": _whole(
            "mixed_float16", **half, changes=dict.fromkeys(LOGS, "without the steps whose gradients overflowed")
        ),
        "DTypePolicy: mixed_float16, a loss scale that fits": _whole(
            "mixed_float16",
            **half,
            optimizer=lambda: keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.05), initial_scale=16.0),
        ),
        "DTypePolicy: mixed_bfloat16": _whole("mixed_bfloat16", closeness=5e-2, because=HALF),
        "DTypePolicy: mixed_float16 in the trunk": _trunk("mixed_float16"),
        "DTypePolicy: mixed_bfloat16 in the trunk": _trunk("mixed_bfloat16"),
        "DTypePolicy: float64 in the trunk": _trunk("float64"),
        "FloatDTypePolicy": _trunk(lambda: keras.dtype_policies.FloatDTypePolicy("mixed_bfloat16")),
        "DTypePolicyMap": _trunk(_map),
        "QuantizedFloat8DTypePolicy": _trunk("float8_from_float32"),
        "QuantizedFloat8DTypePolicy: from mixed_bfloat16": _trunk("float8_from_mixed_bfloat16"),
        "QuantizedDTypePolicy": Case(_quantized("int8"), compiled(), trained(lambda: normal(4))),
        "QuantizedDTypePolicy: the whole model": Case(_all_quantized("int8"), compiled(), trained(lambda: normal(4))),
        "Int4DTypePolicy": Case(_quantized("int4"), compiled(), trained(lambda: normal(4))),
        "GPTQDTypePolicy": NotTrained("of a model that is quantized after training, without LoRA"),
        "AWQDTypePolicy": NotTrained("of a model that is quantized after training, without LoRA"),
    }


@contextlib.contextmanager
def _policy(name: str) -> Iterator[None]:
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(name)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def _whole(name: str, optimizer: Callable[[], Any] = sgd, **options: Any) -> Case:
    """The policy is the global one while the model is made and trained."""
    arguments = compiled(optimizer=optimizer, metrics=lambda: {"label": "accuracy", "value": "mae"})
    train = trained(lambda: normal(4))

    def under(function: Callable[..., Any]) -> Callable[..., Any]:
        def inside(*given: Any) -> Any:
            with _policy(name):
                return function(*given)

        return inside

    return Case(under(trunk), under(arguments), under(train), **options)


def _trunk(policy: Any) -> Case:
    def build() -> keras.Model:
        return trunk(dtype=policy() if callable(policy) else policy)

    return Case(build, compiled(), trained(lambda: normal(4)))


def _map() -> keras.dtype_policies.DTypePolicyMap:
    policies = keras.dtype_policies.DTypePolicyMap("float32")
    policies["trunk"] = keras.dtype_policies.DTypePolicy("mixed_bfloat16")
    return policies


def _quantized(mode: str) -> Callable[[], keras.Model]:
    """A quantized layer whose LoRA part is trained."""

    def build() -> keras.Model:
        model = trunk()
        layer = model.get_layer("trunk")
        layer.quantize(mode)
        layer.enable_lora(2)
        return model

    return build


def _all_quantized(mode: str) -> Callable[[], keras.Model]:
    def build() -> keras.Model:
        model = trunk()
        model.quantize(mode)
        for layer in model.layers:
            if isinstance(layer, keras.layers.Dense):
                layer.enable_lora(2)
        return model

    return build
