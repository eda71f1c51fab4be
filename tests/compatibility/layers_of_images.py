"""Layers that change images or sounds, most of them by chance and in training alone."""

from __future__ import annotations

import random
from typing import Any

import keras
import numpy as np
from keras import layers

from .case import Case, NotTrained
from .models import SAMPLES, layer_case, normal

IMAGE = (8, 8, 3)

# By class: the arguments, where it needs some.
AUGMENTATIONS: dict[str, dict[str, Any]] = {
    "AugMix": {},
    "AutoContrast": {},
    "ContrastLimitedAdaptiveHistogramEqualization": {"tile_grid_size": (2, 2)},
    "Equalization": {},
    "RandAugment": {},
    "RandomBrightness": {"factor": 0.2},
    "RandomColorDegeneration": {"factor": 0.5},
    "RandomColorJitter": {
        "brightness_factor": 0.2,
        "contrast_factor": 0.2,
        "saturation_factor": 0.2,
        "hue_factor": 0.2,
    },
    "RandomContrast": {"factor": 0.3},
    "RandomElasticTransform": {},
    "RandomErasing": {},
    "RandomFlip": {},
    "RandomGaussianBlur": {},
    "RandomGrayscale": {},
    "RandomHue": {"factor": 0.2},
    "RandomInvert": {},
    "RandomPerspective": {},
    "RandomPosterization": {"factor": 4},
    "RandomRotation": {"factor": 0.2},
    "RandomSaturation": {"factor": 0.4},
    "RandomSharpness": {"factor": 0.4},
    "RandomShear": {"x_factor": 0.2, "y_factor": 0.2},
    "RandomTranslation": {"height_factor": 0.2, "width_factor": 0.2},
    "RandomZoom": {"height_factor": 0.2},
    "Rescaling": {"scale": 1 / 255},
    "Resizing": {"height": 5, "width": 5},
    "CenterCrop": {"height": 6, "width": 6},
    "Solarization": {"threshold_factor": 0.5},
    "CutMix": {},
    "MixUp": {},
    "Mosaic": {},
}


def cases() -> dict[str, Case | NotTrained]:
    """By class name."""
    return {
        **{name: _augmentation(name, arguments) for name, arguments in AUGMENTATIONS.items()},
        "RandomCrop": _image(lambda: layers.RandomCrop(6, 6), validation=False),
        "Pipeline": _image(lambda: layers.Pipeline([layers.RandomFlip(), layers.RandomContrast(0.3)])),
        "MaxNumBoundingBoxes": NotTrained("works on bounding boxes in a data pipeline"),
        "MelSpectrogram": _sound(lambda: layers.MelSpectrogram(16, 8, sampling_rate=100, num_mel_bins=4)),
        "STFTSpectrogram": _sound(
            lambda: lambda x: layers.STFTSpectrogram(frame_length=16)(keras.ops.expand_dims(x, -1))
        ),
    }


class _SameChoice(layers.AugMix):
    """Chooses the same layers in every trace: on TensorFlow Keras traces its first step twice."""

    def get_random_transformation(self, *args: Any, **kwargs: Any) -> Any:
        random.seed(3)
        return super().get_random_transformation(*args, **kwargs)


def _augmentation(name: str, arguments: dict[str, Any]) -> Case:
    if name == "AugMix" and keras.backend.backend() == "tensorflow":
        return _image(lambda: _SameChoice(**arguments))
    return _image(lambda: getattr(layers, name)(**arguments))


def _image(make: Any, **options: Any) -> Case:
    def pixels() -> np.ndarray:
        return np.random.default_rng(0).integers(0, 256, (SAMPLES, *IMAGE)).astype("float32")

    return layer_case(lambda: _scaled(make(), 1 / 1024), *IMAGE, x=pixels, before=lambda x: x, **options)


def _sound(make: Any) -> Case:
    return layer_case(lambda: _scaled(make(), 1 / 80), 32, x=lambda: normal(32), before=lambda x: x)


def _scaled(layer: Any, factor: float) -> Any:
    return lambda x: layers.Rescaling(factor)(layer(x))
