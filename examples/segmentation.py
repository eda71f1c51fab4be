"""Segmentation, classification and size from one model, with a boundary term and missing labels.

Scikit-learn's handwritten digits, each somewhere on a larger, noisy picture. The model finds the ink (a mask), the
digit (ten classes) and the amount of ink (a number about 100 to 400). A fifth of the digits and amounts is not known.
Two losses share the mask: a region loss from the start, and the boundary loss of Kervadec et al., whose weight grows,
since alone it would be content with an empty mask.

    KERAS_BACKEND=jax python examples/segmentation.py
"""

import argparse
import tempfile
from pathlib import Path

import keras
import numpy as np
from keras import layers
from sklearn.datasets import load_digits

import multiloss as ml


def make_pictures(number, seed=0):
    """Pictures `(n, 20, 20, 1)` with their targets; -1 and NaN stand for what is not known."""
    generator = np.random.default_rng(seed)
    digits = load_digits()
    chosen = generator.permutation(len(digits.images))[:number]
    ink = np.zeros((len(chosen), 20, 20, 1), "float32")
    for picture, index in zip(ink, chosen, strict=True):
        top, left = generator.integers(0, 5, 2)
        picture[top : top + 16, left : left + 16, 0] = np.kron(digits.images[index] / 16, np.ones((2, 2)))
    known = generator.uniform(size=(2, len(chosen))) >= 0.2
    y = {
        "mask": (ink > 0.25).astype("float32"),
        "label": np.where(known[0], digits.target[chosen], -1).astype("int32"),
        "amount": np.where(known[1], digits.images[chosen].sum((1, 2)), np.nan).astype("float32")[:, None],
    }
    return (ink + generator.normal(0, 0.1, ink.shape)).astype("float32"), y


def build_model():
    """A small convolutional trunk with three heads."""
    image = keras.Input((20, 20, 1), name="image")
    fine = layers.Conv2D(8, 3, padding="same", activation="relu")(image)
    coarse = layers.Conv2D(16, 3, strides=2, padding="same", activation="relu")(fine)
    coarse = layers.Conv2D(24, 3, strides=2, padding="same", activation="relu")(coarse)
    together = layers.Concatenate()([fine, layers.UpSampling2D(4)(layers.Conv2D(8, 1)(coarse))])
    code = layers.Dense(48, activation="relu")(layers.Flatten()(coarse))
    amount = layers.Dense(1)(code)
    outputs = {
        "mask": layers.Conv2D(1, 3, padding="same", activation="sigmoid", name="mask")(together),
        "label": layers.Dense(10, activation="softmax", name="label")(code),
        "amount": layers.Rescaling(60.0, offset=300.0, name="amount")(amount),
    }
    return keras.Model(image, outputs)


def main():
    """Trains, saves, loads and goes on."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", type=int, default=1797, help="how many of the 1,797 handwritten digits to use")
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--out", type=Path, help="folder for the trained model and trainer")
    arguments = parser.parse_args()

    keras.utils.set_random_seed(0)
    # Signed distances to the outline of each mask, once, before training: they are the boundary loss's target.
    x, y = ml.losses.add_distance_maps(make_pictures(arguments.pictures), mask="mask", target="distance")
    held_out = len(x) // 5
    train = x[held_out:], {name: target[held_out:] for name, target in y.items()}
    validation = x[:held_out], {name: target[:held_out] for name, target in y.items()}

    trainer = ml.compile(
        build_model(),
        keras.optimizers.Adam(3e-3),
        loss={
            "mask": {
                "region": ml.losses.Dice(),
                "boundary": ml.Term("boundary", target="distance"),
            },
            "label": ml.Term("sparse_categorical_crossentropy", missing=-1),
            "amount": ml.Term("mse", missing="nan", scale="target_variance"),
        },
        loss_weights={"mask/boundary": ml.schedules.Linear(0.0, 0.05, epochs=arguments.epochs)},
        metrics={"label": "accuracy", "amount": "mae"},
    )
    print(trainer.explain())
    history = trainer.fit(*train, validation_data=validation, batch_size=32, epochs=arguments.epochs, verbose=0).history

    print(f"\n{'epoch':>6} {'boundary weight':>16} {'mask Dice':>10} {'label accuracy':>15} {'amount MAE':>11}")
    columns = ("mask/boundary_weight", "val_mask/region_loss", "val_label_accuracy", "val_amount_mae")
    for epoch, row in enumerate(zip(*(history[name] for name in columns), strict=True), 1):
        weight, region, accuracy, error = row
        print(f"{epoch:>6} {weight:>16.4f} {1 - region:>10.3f} {accuracy:>15.3f} {error:>11.1f}")

    folder = arguments.out or Path(tempfile.mkdtemp())
    folder.mkdir(parents=True, exist_ok=True)
    trainer.model.save(folder / "model.keras")  # plain Keras, to use anywhere
    trainer.save(folder / "run.keras")  # everything, to go on as if never stopped
    again = keras.saving.load_model(folder / "run.keras")
    again.fit(*train, batch_size=32, epochs=arguments.epochs + 1, initial_epoch=arguments.epochs, verbose=0)
    scores = again.evaluate(*validation, verbose=0, return_dict=True)
    print(f"\nSaved in {folder}, loaded and trained for one more epoch: mask Dice {1 - scores['mask/region_loss']:.3f}")


if __name__ == "__main__":
    main()
