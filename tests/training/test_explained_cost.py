"""`explain()` says what a step costs: against counts by hand for a trunk of 40 weights under heads of 18 and 27."""

import keras
import numpy as np
import pytest
from models import data, losses, two_heads, weights_of

import multiloss as ml

TRUNK, HEADS = 4 * 8 + 8, (8 * 2 + 2) + (8 * 3 + 3)
ALL = TRUNK + HEADS
SAMPLES = 48


def _trainer(balancer, **options):
    return ml.compile(two_heads(**options), keras.optimizers.SGD(0.01), loss=losses(), balancer=balancer)


def _said(trainer, *batch):
    """Below the table and the balancer, as one line."""
    lines = trainer.explain(*batch).partition("balancer: ")[2].splitlines()
    assert max(map(len, lines)) <= 100
    return " ".join(" ".join(lines).split())


@pytest.mark.parametrize("balancer", [None, "uncertainty", ml.aggregation.MGDA(groups=[["value", "label"]])])
def test_what_reads_no_gradients_costs_plain_keras(balancer):
    said = _said(_trainer(balancer))
    assert f"step: 1 forward and 1 backward pass through {ALL} weights, as in plain Keras" in said
    assert "memory" not in said


def test_a_pass_after_the_update_is_named():
    """A forward pass is a third of a step: 4 / 3."""
    assert "1 forward pass after the update: about 1.33 times plain Keras's arithmetic" in _said(_trainer("famo"))


def test_before_the_first_batch_it_is_an_upper_bound():
    said = _said(_trainer("mgda"))
    assert f"2 backward passes for the gradients by at most {ALL} weights" in said
    assert f"at most {2 * ALL * 4} B for 2 gradients by {ALL} weights" in said
    assert "those of trunk, label_head and value_head need not be formed, where that pays" in said
    assert "known exactly after the first batch, or now by explain(x, y)" in said


def test_a_batch_makes_it_exact():
    """Floor: (1 + 2 (K + 1)) / 3 = 7 / 3. At 48 samples it does not pay to leave 8 x 4 gradients unformed."""
    said = _said(_trainer("mgda"), *data(SAMPLES))
    assert f"2 backward passes for the gradients by {TRUNK} shared weights; 1 backward pass" in said
    assert f"1 short one for {HEADS} weights that are not shared" in said
    assert "about 2.33 times plain Keras's, (1 + 2 (2 + 1)) / 3" in said
    assert said.endswith(f"memory: {2 * TRUNK * 4} B for 2 gradients by {TRUNK} weights")


def test_layers_whose_gradients_are_never_formed():
    """At 2 samples it pays: 2 * 2 * 4 + 2 * 2 * 2 * 8 + 4 * 2 * 8 = 144 against 2 * 2 * 4 * 8 + 4 * 4 * 8 = 256."""
    said = _said(_trainer("mgda"), *data(2))
    assert f"gradients by {TRUNK} shared weights" in said
    held = f"memory: {2 * 2 * 8 * 4} B for 2 gradients by the outputs of trunk, 2 samples"
    assert said.endswith(f"{held}; never formed: gradients by the weights of trunk")


def test_every_and_where_gradients_are_read():
    """In one step of 4: (1 + 2 (2 / 4 + 1)) / 3 = 4 / 3; 48 outputs of 8 numbers in 2 rows are 3072 bytes."""
    x, y = data(SAMPLES)
    said = _said(_trainer(ml.aggregation.UPGrad(every=4)), x, y)
    assert "in 1 step of 4" in said
    assert "about 1.33 times plain Keras's on average, (1 + 2 (2 / 4 + 1)) / 3" in said
    over = _trainer(ml.aggregation.UPGrad(wrt="representation:trunk"))
    assert "known exactly after the first batch" in _said(over)
    assert "2 short backward passes, to the outputs of trunk" in _said(over, x, y)
    assert "memory: 3.07 kB for 2 gradients by the outputs of trunk, 48 samples" in _said(over, x, y)
    named = _said(_trainer(ml.aggregation.UPGrad(wrt="trunk", heads="weighted")), x, y)
    assert f"gradients by {TRUNK} weights of wrt='trunk'; 1 backward pass of the weighted sum arithmetic" in named


def _fitted(explains):
    x, y = data(SAMPLES)
    trainer = _trainer(ml.aggregation.PCGrad(), dropout=0.5, norm=True)
    if explains:
        before = [*weights_of(trainer), *map(keras.ops.convert_to_numpy, trainer.optimizer.variables)]
        count = len(trainer.variables)
        trainer.explain()
        trainer.explain(x[:2], {name: values[:2] for name, values in y.items()})
        after = [*weights_of(trainer), *map(keras.ops.convert_to_numpy, trainer.optimizer.variables)]
        for old, new in zip(before, after, strict=True):
            np.testing.assert_array_equal(old, new)
        assert len(trainer.variables) == count
        assert trainer.program.batch_size is None
    trainer.fit(x, y, batch_size=24, epochs=1, verbose=0)
    return trainer


def test_nothing_changes():
    """Weights, seeds and the order of the data are those of a training without, and so is what pays."""
    plain, explained = _fitted(False), _fitted(True)
    for first, second in zip(weights_of(plain), weights_of(explained), strict=True):
        np.testing.assert_array_equal(first, second)
    assert plain.explain() == explained.explain()
    assert "for 2 gradients by 56 weights" in _said(explained)  # the trunk, and 2 * 8 of the normalisation
    assert explained.program.plan.batch_size == 24


def test_a_model_that_is_not_built():
    model = keras.Sequential([keras.layers.Dense(2, name="out")])
    trainer = ml.compile(model, "sgd", loss={"out": {"a": "mse", "b": "mae"}}, balancer="mgda")
    assert "known once the model is built" in _said(trainer)
    assert not model.built


def test_where_nothing_is_shared_a_batch_says_so():
    inputs = keras.Input((4,))
    heads = {"value": keras.layers.Dense(2)(inputs), "label": keras.layers.Dense(3, activation="softmax")(inputs)}
    trainer = ml.compile(keras.Model(inputs, heads), "sgd", loss=losses(), balancer="mgda")
    assert "at most" in trainer.explain()
    with pytest.raises(ValueError, match="no variable is shared"):
        trainer.explain(*data(4))
