"""Labels and weights that cannot be stop training at the first batch that has one, whatever gives the batches."""

import keras
import numpy as np
import pytest
from models import data, largest_difference, losses, two_heads, weights_of

import multiloss as ml


class Batches(keras.utils.PyDataset):
    """Three batches of 16, whose values nobody can look at beforehand."""

    def __init__(self, x, y, sample_weight=None):
        super().__init__()
        self.arrays = (x, y) if sample_weight is None else (x, y, sample_weight)

    @property
    def num_batches(self):
        return 3

    def __getitem__(self, index):
        rows = slice(16 * index, 16 * index + 16)
        return keras.tree.map_structure(lambda array: array[rows], self.arrays)


def trainer_for(**arguments):
    return ml.compile(two_heads(), keras.optimizers.SGD(0.1), loss=losses(), **arguments)


@pytest.mark.parametrize("eager", [False, True])
@pytest.mark.parametrize("mode", ["raise", "skip"])
def test_a_label_that_is_no_class_names_term_label_and_missing(mode, eager):
    """Fault C6."""
    x, y = data()
    y["label"][20] = -1
    trainer = trainer_for(on_nonfinite=mode, run_eagerly=eager)
    with pytest.raises(ValueError, match=r"labels of term 'label' must be its 3 classes, 0 to 2.*-1.*missing=-1"):
        trainer.fit(Batches(x, y), epochs=2, shuffle=False, verbose=0)
    clean = trainer_for(run_eagerly=eager)
    steps = [0, 2] if mode == "skip" else [0]
    for step in steps:
        rows = slice(16 * step, 16 * step + 16)
        clean.train_on_batch(x[rows], {name: target[rows] for name, target in y.items()})
    assert largest_difference(weights_of(trainer.model), weights_of(clean.model)) < 1e-6
    trainer.fit(*data(), verbose=0)  # usable again


def test_a_sum_of_losses_knows_the_classes_of_its_parts():
    x, y = data()
    y["label"][5] = 3
    parts = ml.losses.WeightedSum({"entropy": "sparse_categorical_crossentropy"})
    trainer = ml.compile(two_heads(), "sgd", loss={"value": "mse", "label": parts})
    with pytest.raises(ValueError, match=r"labels of term 'label' must be its 3 classes, 0 to 2"):
        trainer.fit(Batches(x, y), verbose=0)


def test_evaluation_refuses_it_too_and_says_classes_count_from_0():
    x, y = data()
    y["label"] = y["label"] + 1
    trainer = trainer_for()
    for evaluate in (trainer.evaluate, trainer.test_on_batch):
        with pytest.raises(ValueError, match=r"'label'.*Received: the label 3 in the data.*Subtract|subtract 1"):
            evaluate(x, y)
    with pytest.raises(ValueError, match=r"'label'.*the label 3"):
        trainer.fit(*data(), validation_data=(x, y), verbose=0)
    assert np.isfinite(trainer.evaluate(*data(), verbose=0, return_dict=True)["loss"])


@pytest.mark.parametrize("weight", [-1.0, np.nan])
def test_a_sample_weight_that_cannot_be_names_the_term(weight):
    """Fault C9."""
    x, y = data()
    weights = {"value": np.ones(48, "float32"), "label": np.ones(48, "float32")}
    weights["value"][40] = weight
    trainer = trainer_for()
    with pytest.raises(ValueError, match=r"sample weights of term 'value' must be at least 0.*Received: the weight"):
        trainer.fit(Batches(x, y, weights), shuffle=False, verbose=0)
    with pytest.raises(ValueError, match=r"sample weights of term 'value' must be at least 0"):
        trainer.train_on_batch(x, y, sample_weight=weights)


def test_a_column_and_a_joint_that_cannot_be_are_refused_before_anything_is_trained():
    """Faults C5 and C7."""
    x, y = data()
    for term, match in (
        ({"value": ml.Term("mse", column=2)}, "`column` of term 'value' must lie within the 2 columns"),
        ({"value": ml.Term("mse"), "all": ml.Joint(lambda y_pred: y_pred["value"][:1, 0])}, "Term 'all' must give"),
    ):
        trainer = ml.compile(two_heads(), keras.optimizers.SGD(0.1), loss=term)
        before = weights_of(trainer.model)
        with pytest.raises(ValueError, match=match):
            trainer.fit(x, y, verbose=0)
        assert largest_difference(before, weights_of(trainer.model)) == 0.0
