"""Schedules, conditions and weights set by hand act inside compiled steps, and are saved."""

import keras
import numpy as np
import pytest
from models import data, losses, two_heads

import multiloss as ml

schedules = ml.schedules


class Assign(keras.callbacks.Callback):
    """Sets a weight after the second epoch."""

    def on_epoch_end(self, epoch, logs=None):
        if epoch == 1:
            self.model.terms["value"].weight.assign(0.3)


def fit(weights, *, epochs=4, steps_per_execution=1, callbacks=(), loss=None, **arguments):
    trainer = ml.compile(
        two_heads(),
        "sgd",
        loss=loss or losses(),
        loss_weights=weights,
        steps_per_execution=steps_per_execution,
        **arguments,
    )
    x, y = data()
    history = trainer.fit(x, y, batch_size=16, epochs=epochs, shuffle=False, verbose=0, callbacks=list(callbacks))
    return trainer, history.history


# Keras runs one step per execution on PyTorch.
EXECUTIONS = [1] if keras.backend.backend() == "torch" else [1, 3]


@pytest.mark.parametrize("steps_per_execution", EXECUTIONS)
def test_a_weight_set_by_a_callback_acts_from_the_next_epoch_on(steps_per_execution):
    trainer, logs = fit({"value": 2.0}, steps_per_execution=steps_per_execution, callbacks=[Assign()])
    np.testing.assert_allclose(logs["value_weight"], [2.0, 2.0, 0.3, 0.3], rtol=1e-6)
    assert trainer.terms["value"].weight.value == pytest.approx(0.3)
    total = sum(np.array(logs[f"{name}_loss"]) * logs[f"{name}_weight"] for name in trainer.terms)
    np.testing.assert_allclose(logs["loss"], total, rtol=1e-5)


def test_schedules_by_step_and_by_epoch_multiply_the_term():
    trainer, logs = fit({"value": schedules.Linear(0.0, 1.2, steps=12), "label": schedules.Linear(1.0, 0.0, epochs=4)})
    # Three steps an epoch: the mean weight of steps 0-2, 3-5, ...
    np.testing.assert_allclose(logs["value_weight"], [0.1, 0.4, 0.7, 1.0], rtol=1e-5)
    np.testing.assert_allclose(logs["label_weight"], [1.0, 0.75, 0.5, 0.25], rtol=1e-5)
    assert trainer.terms["value"].weight.value == pytest.approx(1.2)
    assert "Linear" in trainer.explain()
    with pytest.raises(ValueError, match="follows a schedule"):
        trainer.terms["value"].weight.assign(1.0)
    x, y = data()
    results = trainer.evaluate(x, y, verbose=0, return_dict=True)
    # Evaluation counts a schedule with its final value, 1.2 and 0.
    assert results["loss"] == pytest.approx(1.2 * results["value_loss"], rel=1e-5)


def test_a_condition_reads_the_last_loss_and_the_last_validation(tmp_path):
    x, y = data()
    weights = {
        "value": schedules.When("label_loss > 0.5", then=2.0, otherwise=1.0),
        "label": schedules.When("val_value_mae < 1000", then=0.5, otherwise=1.0),
    }
    trainer = ml.compile(two_heads(), "sgd", loss=losses(), loss_weights=weights, metrics={"value": ["mae"]})
    first = trainer.fit(x, y, validation_data=(x, y), batch_size=16, epochs=2, shuffle=False, verbose=0).history
    # Nothing is known in the very first step, nor of the validation in the first epoch.
    assert first["value_weight"] == pytest.approx([5 / 3, 2.0])
    assert first["label_weight"] == pytest.approx([1.0, 0.5])
    trainer.save(tmp_path / "run.keras")
    again = keras.saving.load_model(tmp_path / "run.keras")
    logs = again.fit(x, y, validation_data=(x, y), batch_size=16, epochs=3, initial_epoch=2, verbose=0).history
    assert logs["value_weight"] == pytest.approx([2.0])
    assert logs["label_weight"] == pytest.approx([0.5])


@keras.saving.register_keras_serializable("tests")
def reconstruction_is_good(losses, epoch):
    return keras.ops.logical_and(losses["value"] < 1e9, epoch >= 1)


def test_a_condition_may_be_a_function_of_the_losses():
    _, logs = fit({"label": schedules.When(reconstruction_is_good, then=3.0, otherwise=1.0)}, epochs=2)
    assert logs["label_weight"] == pytest.approx([1.0, 3.0])


def test_a_batch_without_a_label_leaves_the_last_loss_as_it_was():
    """The mse of `value` is 4 in the first batch, unknown in the second and third, 0.25 in the fourth."""
    x, y = np.zeros((8, 4), "float32"), data(8)[1]
    model = two_heads()
    model.get_layer("value_head").set_weights([np.zeros((8, 2), "float32"), np.zeros(2, "float32")])
    loss = {**losses(), "value": ml.Term("mse", missing="nan")}
    weights = {"label": schedules.When("value_loss > 1", then=0.5, otherwise=2.0)}
    trainer = ml.compile(model, keras.optimizers.SGD(0.0), loss=loss, loss_weights=weights)
    used = []
    for target in (2.0, np.nan, np.nan, 0.5, np.nan, 2.0):
        trainer.reset_metrics()
        targets = {**y, "value": np.full((8, 2), target, "float32")}
        used.append(float(trainer.train_on_batch(x, targets, return_dict=True)["label_weight"]))
    # Each step reads what was last known before it; a loss that nobody knows yet is above nothing.
    assert used == [2.0, 0.5, 0.5, 0.5, 2.0, 2.0]


@pytest.mark.parametrize(
    ("condition", "message"),
    [("valu_loss < 1", "valu.*Known.*value"), ("value_accuracy > 0.5", "value_accuracy.*Known")],
)
def test_a_name_that_nobody_knows_is_refused(condition, message):
    with pytest.raises(ValueError, match=message):
        fit({"label": schedules.When(condition, 1.0, otherwise=2.0)})


def test_a_lambda_in_a_condition_is_refused_when_saving(tmp_path):
    trainer, _ = fit({"label": schedules.When(lambda epoch: epoch > 1, 1.0, otherwise=2.0)}, epochs=1)
    with pytest.raises(ValueError, match=r"'label'.*lambda"):
        trainer.save(tmp_path / "run.keras")


def test_values_change_without_a_new_trace():
    traces = []

    @keras.saving.register_keras_serializable("tests")
    def counted(y_true, y_pred):
        traces.append(1)
        return keras.ops.mean(keras.ops.square(y_pred - y_true), axis=-1)

    if keras.backend.backend() == "torch":
        pytest.skip("PyTorch runs the Python function in every step")
    x, y = data()
    loss = {"value": ml.Term(counted, scale="initial"), "label": "sparse_categorical_crossentropy"}
    weights = {"value": schedules.Cosine(1.0, 0.1, steps=9)}
    trainer = ml.compile(two_heads(), "sgd", loss=loss, loss_weights=weights, balancer="relobralo")
    trainer.fit(x, y, batch_size=16, verbose=0)
    before = len(traces)
    trainer.fit(x, y, batch_size=16, epochs=4, initial_epoch=1, verbose=0, callbacks=[AssignLabel()])
    assert len(traces) == before


class AssignLabel(keras.callbacks.Callback):
    """Sets another weight in every epoch."""

    def on_epoch_begin(self, epoch, logs=None):
        self.model.terms["label"].weight.assign(1.0 + epoch)
