"""A case for every class in `keras.layers`, in the order of its pages: core, shapes, merging, convolution, the rest."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from typing import Any

import keras
from keras import layers

from . import layers_of_images, layers_of_sequences, layers_of_tables
from .case import Case, NotTrained
from .models import compiled, layer_case, normal, trained, trunk, two_heads

SPACE = {1: (6, 4), 2: (6, 6, 3), 3: (4, 4, 4, 2)}


def cases() -> dict[str, Case | NotTrained]:
    """By class name; `Class: variant` for more of one class."""
    return {
        **_core(),
        **_activations(),
        **_shapes(),
        **_merging(),
        **_convolution(),
        **_pooling(),
        **_normalization(),
        **_noise(),
        **layers_of_sequences.cases(),
        **layers_of_images.cases(),
        **layers_of_tables.cases(),
    }


def _core() -> dict[str, Case | NotTrained]:
    return {
        "Layer": layer_case(lambda: _Doubling(), 4),
        "Layer: adds a loss": layer_case(lambda: _AddsLoss(), 4),
        "Layer: counts its calls": layer_case(lambda: _Counting(), 4),
        "Wrapper": layer_case(lambda: _Around(layers.Dense(4)), 4),
        "InputLayer": Case(_from_input_layer, compiled(), trained(lambda: normal(4))),
        "InputSpec": NotTrained("a description, not a layer"),
        "Dense": layer_case(lambda: layers.Dense(5, activation="tanh"), 4),
        "Dense: LoRA": layer_case(lambda: layers.Dense(5, lora_rank=2), 4),
        "Dense: frozen": layer_case(lambda: layers.Dense(5, trainable=False), 4),
        "TernaryDense": layer_case(lambda: layers.TernaryDense(5, activation="tanh"), 4),
        "Dense: one for both heads": Case(_tied, compiled(), trained(lambda: normal(4))),
        "EinsumDense": layer_case(lambda: layers.EinsumDense("ab,bc->ac", output_shape=5, bias_axes="c"), 4),
        "EinsumDense: LoRA": layer_case(lambda: layers.EinsumDense("ab,bc->ac", output_shape=5, lora_rank=2), 4),
        "Identity": layer_case(lambda: layers.Identity(), 4),
        "Lambda": layer_case(lambda: layers.Lambda(lambda x: 2 * x), 4),
        "ActivityRegularization": layer_case(lambda: layers.ActivityRegularization(0.01, 0.02), 4),
        "JaxLayer": layer_case(lambda: layers.JaxLayer(*_jax_functions()), 4),
        "FlaxLayer": layer_case(lambda: layers.FlaxLayer(_flax_module()), 4),
        "TorchModuleWrapper": layer_case(lambda: layers.TorchModuleWrapper(_torch_module(), output_shape=(None, 5)), 4),
        "TFSMLayer": layer_case(lambda: _saved_model_layer(), 4, before=lambda x: x),
    }


def _activations() -> dict[str, Case | NotTrained]:
    functions = [name for name in dir(keras.activations) if name not in ("get", "serialize", "deserialize")]
    functions = [name for name in functions if not name.startswith("_")]
    special = {
        "glu": lambda: lambda x: layers.Activation("glu")(layers.Concatenate()([x, x])),
        "threshold": lambda: layers.Activation(lambda x: keras.activations.threshold(x, 0.1, 0.0)),
    }
    return {
        **{
            f"Activation: {name}": layer_case(special.get(name, lambda name=name: layers.Activation(name)), 4)
            for name in functions
        },
        **{name: layer_case(getattr(layers, name), 4) for name in ("ELU", "LeakyReLU", "PReLU", "ReLU", "Softmax")},
    }


def _shapes() -> dict[str, Case | NotTrained]:
    return {
        "Flatten": layer_case(layers.Flatten, 3, 2),
        "Reshape": layer_case(lambda: layers.Reshape((2, 3)), 6),
        "Permute": layer_case(lambda: layers.Permute((2, 1)), 3, 2),
        "RepeatVector": layer_case(lambda: layers.RepeatVector(3), 4),
        **{f"Cropping{n}D": layer_case(getattr(layers, f"Cropping{n}D"), *SPACE[n]) for n in SPACE},
        **{f"UpSampling{n}D": layer_case(getattr(layers, f"UpSampling{n}D"), *SPACE[n]) for n in SPACE},
        **{f"ZeroPadding{n}D": layer_case(getattr(layers, f"ZeroPadding{n}D"), *SPACE[n]) for n in SPACE},
    }


def _merging() -> dict[str, Case | NotTrained]:
    names = ("Add", "Average", "Concatenate", "Maximum", "Minimum", "Multiply", "Subtract")
    return {
        **{name: layer_case(lambda name=name: _merged(getattr(layers, name)()), 4) for name in names},
        "Dot": layer_case(lambda: _merged(layers.Dot(axes=1)), 4),
    }


def _convolution() -> dict[str, Case | NotTrained]:
    found: dict[str, Case | NotTrained] = {}
    for n, shape in SPACE.items():
        for name in (f"Conv{n}D", f"Conv{n}DTranspose"):
            found[name] = layer_case(lambda name=name: getattr(layers, name)(3, 2), *shape)
        if n < 3:
            found[f"DepthwiseConv{n}D"] = layer_case(lambda n=n: getattr(layers, f"DepthwiseConv{n}D")(2), *shape)
            found[f"SeparableConv{n}D"] = layer_case(lambda n=n: getattr(layers, f"SeparableConv{n}D")(3, 2), *shape)
    return {**found, "Conv2D: LoRA": layer_case(lambda: layers.Conv2D(3, 2, lora_rank=2), *SPACE[2])}


def _pooling() -> dict[str, Case | NotTrained]:
    found: dict[str, Case | NotTrained] = {}
    for n, shape in SPACE.items():
        for kind in ("Max", "Average"):
            pooling = getattr(layers, f"{kind}Pooling{n}D")
            found[f"{kind}Pooling{n}D"] = layer_case(lambda pooling=pooling: pooling(2), *shape)
            found[f"Global{kind}Pooling{n}D"] = layer_case(getattr(layers, f"Global{kind}Pooling{n}D"), *shape)
            adaptive = getattr(layers, f"Adaptive{kind}Pooling{n}D")
            found[f"Adaptive{kind}Pooling{n}D"] = layer_case(lambda adaptive=adaptive: adaptive(2), *shape)
    return found


def _normalization() -> dict[str, Case | NotTrained]:
    def spectral() -> Any:
        return layers.SpectralNormalization(layers.Dense(4))

    return {
        "BatchNormalization": layer_case(layers.BatchNormalization, 4),
        "BatchNormalization: images": layer_case(layers.BatchNormalization, *SPACE[2]),
        "GroupNormalization": layer_case(lambda: layers.GroupNormalization(2), 4),
        "LayerNormalization": layer_case(layers.LayerNormalization, 4),
        "RMSNormalization": layer_case(layers.RMSNormalization, 4),
        "SpectralNormalization": layer_case(spectral, 4),
        "UnitNormalization": layer_case(layers.UnitNormalization, 4),
    }


def _noise() -> dict[str, Case | NotTrained]:
    rates = ("Dropout", "AlphaDropout", "GaussianDropout", "GaussianNoise")
    return {
        **{name: layer_case(lambda name=name: getattr(layers, name)(0.3), 4) for name in rates},
        "Dropout: a seed of its own": layer_case(lambda: layers.Dropout(0.3, seed=3), 4),
        **{
            f"SpatialDropout{n}D": layer_case(lambda n=n: getattr(layers, f"SpatialDropout{n}D")(0.3), *SPACE[n])
            for n in SPACE
        },
    }


class _Doubling(layers.Layer):
    def call(self, inputs):
        return 2 * inputs


class _AddsLoss(layers.Layer):
    def call(self, inputs):
        self.add_loss(0.01 * keras.ops.sum(keras.ops.square(inputs)))
        return inputs


class _Counting(layers.Layer):
    def build(self, input_shape):
        self.calls = self.add_weight(shape=(), initializer="zeros", trainable=False, name="calls")

    def call(self, inputs):
        self.calls.assign_add(1.0)
        return inputs + 0 * self.calls


class _Around(layers.Wrapper):
    def call(self, inputs):
        return self.layer(inputs)


def _merged(layer: Any) -> Callable[[Any], Any]:
    return lambda tensor: layer([tensor, layers.Dense(tensor.shape[-1])(tensor)])


def _from_input_layer() -> keras.Model:
    inputs = layers.InputLayer((4,), name="x").output
    return two_heads(inputs, layers.Dense(4)(inputs))


def _tied() -> keras.Model:
    inputs = keras.Input((4,), name="x")
    shared = layers.Dense(4, activation="tanh")
    return two_heads(inputs, shared(shared(inputs)))


def _jax_functions() -> tuple[Callable, Callable]:
    import jax

    def init(generator: Any, inputs: Any) -> Any:
        return {"kernel": jax.random.normal(generator, (inputs.shape[-1], 4))}

    return (lambda params, inputs: inputs @ params["kernel"]), init


def _flax_module() -> Any:
    import flax

    return flax.linen.Dense(4)


def _torch_module() -> Any:
    import torch

    return torch.nn.Linear(4, 5)


def _saved_model_layer() -> Any:
    folder = tempfile.mkdtemp()
    if keras.backend.backend() != "tensorflow":
        return layers.TFSMLayer(folder)
    model = trunk()
    model.export(folder, format="tf_saved_model", verbose=False)
    served = layers.TFSMLayer(folder, call_endpoint="serve", call_training_endpoint="serve")
    return lambda tensor: served(tensor)["value"]
