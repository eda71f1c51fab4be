"""A problem with three losses, for multiloss to look at, compare and tune. It runs as it is.

    multiloss diagnose FILE:problem                what is wrong with the losses, in seconds
    multiloss compare FILE:problem                 which way of balancing them helps
    multiloss tune FILE:problem --trials 20        which fixed weights are best

Put your own data, model and losses in the places marked 1 to 5; `problem` at the end puts them together.
Here, made-up parcels: from six numbers of each, find its carrier, its delay in hours, and whether it comes late.
"""

import keras
import numpy as np

import multiloss as ml


# 1. YOUR DATA: a pair (inputs, targets). Both may be one array or a dict of arrays; all have the same first axis.
#    Replace the body by what reads yours, as np.load("mine.npz"). Any data set that `fit` takes will do as well.
def load(samples: int, seed: int) -> tuple:
    """Made-up parcels: six numbers each, and three targets by the names of the model's outputs."""
    generator = np.random.default_rng(seed)
    parcel = generator.normal(size=(samples, 6)).astype("float32")
    carrier = np.argmax(parcel[:, :3] + 0.5 * generator.normal(size=(samples, 3)), axis=1)
    delay = 20.0 * parcel[:, 3] + 10.0 * parcel[:, 4] * parcel[:, 5] + 5.0 * generator.normal(size=samples)
    late = delay > 12.0
    delay[generator.random(samples) < 0.3] = np.nan  # three in ten are not known: NaN says so, see 3
    targets = {
        "carrier": carrier.astype("int32"),  # classes 0, 1, 2
        "delay": delay.astype("float32")[:, None],  # hours, before time where negative; shape (samples, 1)
        "late": late.astype("float32")[:, None],  # 0 or 1
    }
    return parcel, targets


# 2. YOUR MODEL: built anew for every training. Its outputs have names; losses and metrics go by them.
def build_model() -> keras.Model:
    """Two layers that all outputs share, and one small head for each output."""
    parcel = keras.Input((6,), name="parcel")
    shared = keras.layers.Dense(32, activation="relu", name="shared_1")(parcel)
    shared = keras.layers.Dense(32, activation="relu", name="shared_2")(shared)
    outputs = {
        "carrier": keras.layers.Dense(3, activation="softmax", name="carrier_head")(shared),
        "delay": keras.layers.Dense(1, name="delay_head")(shared),
        "late": keras.layers.Dense(1, activation="sigmoid", name="late_head")(shared),
    }
    return keras.Model(parcel, outputs)


# 3. YOUR LOSSES, by output. A string, a Keras loss or a function stands for itself; `ml.Term` says more about one.
def losses() -> dict:
    """Three terms; the squared delay is hundreds of times as large as the others."""
    return {
        "carrier": "sparse_categorical_crossentropy",
        "delay": ml.Term("mse", missing="nan"),  # what is NaN takes no part; try scale="target_variance" as well
        "late": "binary_crossentropy",
        # More terms, under names of your own:
        # "small": ml.WeightPenalty("l2", layers="shared_.*"),
        # "agreement": ml.Joint(a_function_of_y_true_and_y_pred),
    }


# 4. YOUR METRICS, by output: what you would look at to tell which model is better. They are made anew for each run.
def metrics() -> dict:
    """One metric an output; in the logs they are `carrier_accuracy`, `delay_mae` and `late_auc`."""
    return {
        "carrier": keras.metrics.SparseCategoricalAccuracy(name="accuracy"),
        "delay": keras.metrics.MeanAbsoluteError(name="mae"),
        "late": keras.metrics.AUC(name="auc"),
    }


# 5. WHAT JUDGES A RUN: metrics of validation data by their names in the logs, and which way is better.
SCORE = {"carrier_accuracy": "max", "delay_mae": "min", "late_auc": "max"}


def problem() -> ml.Problem:
    """All of it together; the command line calls this function."""
    return ml.Problem(
        name="parcels",  # for tables and files
        build_model=build_model,
        loss=losses,
        loss_weights=None,  # today's weights, as {"delay": 0.01}; None is 1 for all: the baseline that all has to beat
        train=load(1000, seed=0),
        validation=load(500, seed=1),  # never a part of the training data
        metrics=metrics,
        score=SCORE,
        optimizer=keras.optimizers.Adam(3e-3),  # a name, an optimizer, or a function that makes one
        batch_size=32,
        description="Made-up parcels: find the carrier, the delay in hours, and whether it is too long.",
    )
