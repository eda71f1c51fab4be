"""`groups` sums terms before they are balanced; `every` keeps weights between solves."""

import keras
import numpy as np
import pytest
from models import data, joint_losses, largest_difference, two_heads, weights_of

import multiloss as ml
from multiloss import Joint
from multiloss.aggregation import MGDA, PCGrad


def trainer_with(balancer, loss=None, **arguments):
    return ml.compile(
        two_heads(), keras.optimizers.SGD(0.1), loss=loss or joint_losses(), balancer=balancer, **arguments
    )


@keras.saving.register_keras_serializable("tests")
def value_and_agreement(y_true, y_pred):
    squares = keras.ops.mean(keras.ops.square(y_pred["value"] - y_true["value"]), axis=-1)
    return squares + keras.ops.mean(keras.ops.square(y_pred["value"]), axis=-1) * y_pred["label"][:, 0]


def test_a_group_is_balanced_as_its_sum():
    """The same training as with one term that is the sum of the two."""
    x, y = data()
    grouped = trainer_with(MGDA(groups=[["value", "agreement"]], heads="weighted"))
    loss = {"both": Joint(value_and_agreement), "label": "sparse_categorical_crossentropy"}
    summed = trainer_with(MGDA(heads="weighted"), loss)
    for trainer in (grouped, summed):
        logs = trainer.fit(x, y, batch_size=16, shuffle=False, verbose=0).history
        if trainer is grouped:
            assert logs["value_weight"] == logs["agreement_weight"]
            # K is the number of groups.
            assert logs["value_weight"][0] + logs["label_weight"][0] == pytest.approx(2.0, rel=1e-5)
    assert largest_difference(weights_of(grouped.model), weights_of(summed.model)) < 1e-5


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        ([["value", "labl"]], "labl.*Did you mean 'label'"),
        ([["value"], ["value"]], "at most once"),
        (["value", "label"], "list of lists"),
    ],
)
def test_wrong_groups_are_refused(groups, message):
    with pytest.raises(ValueError, match=message):
        trainer_with(MGDA(groups=groups))


def test_weights_are_kept_between_solves(tmp_path):
    x, y = data()
    trainer = trainer_with(PCGrad(every=3, heads="weighted"))
    logs = [trainer.train_on_batch(x, y, return_dict=True) for _ in range(5)]
    weights = np.array([[step[f"{name}_weight"] for name in trainer.terms] for step in logs])
    np.testing.assert_array_equal(weights[0], weights[1])
    np.testing.assert_array_equal(weights[0], weights[2])
    assert np.abs(weights[3] - weights[0]).max() > 1e-4
    np.testing.assert_array_equal(weights[3], weights[4])
    # A fresh solve at the same point gives what the third step got.
    trainer.save(tmp_path / "run.keras")
    again = keras.saving.load_model(tmp_path / "run.keras")
    assert again.balancer.get_config() == trainer.balancer.get_config()
    logs = again.train_on_batch(x, y, return_dict=True)
    np.testing.assert_array_equal([logs[f"{name}_weight"] for name in trainer.terms], weights[4])


def test_a_term_that_was_absent_at_the_solve_waits_with_the_mean_weight():
    x, y = data()
    loss = {**joint_losses(), "value": ml.Term("mse", missing="nan")}
    trainer = trainer_with(MGDA(every=4), loss)
    trainer.train_on_batch(x, {**y, "value": np.full_like(y["value"], np.nan)})
    logs = trainer.train_on_batch(x, y, return_dict=True)
    assert logs["value_weight"] == pytest.approx(1.0, rel=1e-5)
    assert sum(logs[f"{name}_weight"] for name in trainer.terms) == pytest.approx(3.0, rel=1e-5)


@pytest.mark.parametrize("every", [0, 1.5, True])
def test_wrong_every_is_refused(every):
    with pytest.raises(ValueError, match=r"every.*Received"):
        MGDA(every=every)
