"""Small models and data for the training tests."""

from __future__ import annotations

import keras
import numpy as np

from multiloss import Joint, Term
from multiloss._core.registry import members
from multiloss.testing._runs import accepted_sizes


def data(samples: int = 48, seed: int = 0) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Inputs and targets for the outputs `value` (regression) and `label` (3 classes)."""
    generator = np.random.default_rng(seed)
    x = generator.normal(size=(samples, 4)).astype("float32")
    return x, {
        "value": generator.normal(size=(samples, 2)).astype("float32"),
        "label": generator.integers(0, 3, samples).astype("int32"),
    }


def two_heads(*, dropout: float = 0.0, norm: bool = False, regularizer: str | None = None, seed: int = 1):
    """A functional model with a trunk and two heads, the same weights for one seed."""
    keras.utils.set_random_seed(seed)
    inputs = keras.Input((4,))
    hidden = keras.layers.Dense(8, activation="tanh", name="trunk", kernel_regularizer=regularizer)(inputs)
    if norm:
        hidden = keras.layers.BatchNormalization(name="norm")(hidden)
    if dropout:
        hidden = keras.layers.Dropout(dropout, seed=3)(hidden)
    return keras.Model(
        inputs,
        {
            "value": keras.layers.Dense(2, name="value_head")(hidden),
            "label": keras.layers.Dense(3, activation="softmax", name="label_head")(hidden),
        },
    )


def losses() -> dict:
    """One term for each head."""
    return {"value": Term("mse"), "label": "sparse_categorical_crossentropy"}


@keras.saving.register_keras_serializable("tests")
def outputs_agree(y_pred):
    """A joint loss of two outputs."""
    return keras.ops.mean(keras.ops.square(y_pred["value"]), axis=-1) * y_pred["label"][:, 0]


def joint_losses() -> dict:
    """Two heads and a term over both."""
    return {**losses(), "agreement": Joint(outputs_agree)}


def member_of_three_terms(name: str):
    """The balancer of a registered name, in its first case that takes the three terms of `joint_losses`."""
    entry = next(entry for entry in members("balancer") if entry.name == name)
    for case in entry.cases:
        arguments = dict(case)
        if "monitors" in arguments:
            arguments["monitors"] = ["value_loss", "label_loss", "agreement_loss"]
        if accepted_sizes(member := entry.cls(**arguments), [3]):
            return member
    raise AssertionError(f"no case of {name} takes three terms")


def weights_of(model) -> list[np.ndarray]:
    """All weights as arrays."""
    return [np.array(keras.ops.convert_to_numpy(variable)) for variable in model.weights]


def largest_difference(first, second) -> float:
    """The largest absolute difference between two lists of arrays."""
    return max(float(np.abs(a.astype("float64") - b).max()) for a, b in zip(first, second, strict=True))
