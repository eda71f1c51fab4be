"""Three tasks on scikit-learn's handwritten digits, and a model for them: what the custom loops train."""

import keras
import numpy as np
from keras import layers
from sklearn.datasets import load_digits

TERMS = ("label", "amount", "picture")


def load_tasks(seed=0):
    """Training and held-out data: `(x, y)`, y with the digit, the amount of ink and the picture itself."""
    digits = load_digits()
    x = (digits.data / 16).astype("float32")
    amount = x.sum(axis=1, keepdims=True)
    y = {
        "label": digits.target.astype("int32"),
        "amount": ((amount - amount.mean()) / amount.std()).astype("float32"),
        "picture": x,
    }
    order = np.random.default_rng(seed).permutation(len(x))
    train, held_out = order[:1400], order[1400:]
    return tuple((x[rows], {name: target[rows] for name, target in y.items()}) for rows in (train, held_out))


def build_model():
    """A trunk of two layers, which all tasks share, and a head for each."""
    pixels = keras.Input((64,))
    hidden = layers.Dense(64, activation="relu", name="trunk_1")(pixels)
    code = layers.Dense(32, activation="relu", name="trunk_2")(hidden)
    heads = {
        "label": layers.Dense(10, name="label")(code),
        "amount": layers.Dense(1, name="amount")(code),
        "picture": layers.Dense(64, name="picture")(code),
    }
    return keras.Model(pixels, heads)


def shared_places(model):
    """The places of the trunk's weights among the trainable ones."""
    return [place for place, weight in enumerate(model.trainable_variables) if weight.path.startswith("trunk")]


def losses(y_true, y_pred):
    """The tasks' losses as one vector, in the order of `TERMS`."""
    crossentropy = keras.losses.sparse_categorical_crossentropy(y_true["label"], y_pred["label"], from_logits=True)
    parts = [crossentropy] + [keras.losses.mean_squared_error(y_true[name], y_pred[name]) for name in TERMS[1:]]
    return keras.ops.stack([keras.ops.mean(part) for part in parts])


def batches(x, y, size=64, epochs=10, seed=0):
    """Shuffled batches of one size."""
    generator = np.random.default_rng(seed)
    for _ in range(epochs):
        order = generator.permutation(len(x))
        for start in range(0, len(x) - size + 1, size):
            rows = order[start : start + size]
            yield x[rows], {name: target[rows] for name, target in y.items()}


def accuracy(model, x, y):
    """The share of digits that are read right."""
    return float((model.predict(x, verbose=0)["label"].argmax(axis=1) == y["label"]).mean())
