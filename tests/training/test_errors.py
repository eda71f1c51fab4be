"""Every mistake gives one clear error that names the term, and changes nothing."""

import keras
import numpy as np
import pytest
from models import data, largest_difference, losses, two_heads, weights_of

import multiloss as ml


def _fit_error(loss, y=None, match="", x=None, **arguments):
    """Compiles, fits, expects the error, and checks that the weights are as before."""
    model = two_heads()
    before = weights_of(model)
    default_x, default_y = data()
    trainer = ml.compile(model, "adam", loss=loss, **arguments)
    with pytest.raises(ValueError, match=match):
        trainer.fit(default_x if x is None else x, default_y if y is None else y, verbose=0)
    assert largest_difference(weights_of(model), before) == 0.0
    trainer = ml.compile(model, "adam", loss=losses())
    trainer.fit(default_x, default_y, verbose=0)


def test_unknown_output():
    with pytest.raises(ValueError, match=r"Unknown output 'valu'\. Did you mean 'value'\? Known: value, label"):
        ml.compile(two_heads(), "adam", loss={"valu": "mse"})


def test_unknown_output_of_a_subclassed_model():
    class Model(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense = keras.layers.Dense(2)

        def call(self, inputs):
            return {"value": self.dense(inputs)}

    x, y = data()
    trainer = ml.compile(Model(), "adam", loss={"valu": "mse"})
    with pytest.raises(ValueError, match=r"Unknown output 'valu'.*Known: value"):
        trainer.fit(x, y, verbose=0)


def test_missing_target():
    _, y = data()
    del y["value"]
    _fit_error(losses(), y, match=r"Unknown target of term 'value', 'value'\. Known: label\. Add it to `y`")


def test_no_targets_at_all():
    model = two_heads()
    trainer = ml.compile(model, "adam", loss=losses())
    with pytest.raises(ValueError, match="Unknown target of term 'value'"):
        trainer.fit(data()[0], verbose=0)


def test_wrong_shape():
    _, y = data()
    y["value"] = y["value"][:, :1]
    _fit_error(losses(), y, match=r"Term 'value' expects a target of the prediction's shape \(\w+, 2\).*\(\w+, 1\)")


def test_wrong_rank():
    _, y = data()
    y["value"] = y["value"][:, :, None] * np.ones(3, "float32")
    _fit_error(losses(), y, match="Term 'value' expects a target")


def test_loss_that_fails_is_named():
    def broken(y_true, y_pred):
        raise TypeError("takes images only")

    message = r"The loss of term 'value' failed on a target of shape.*TypeError: takes images only"
    _fit_error({**losses(), "value": broken}, match=message)


def test_balancer_name():
    with pytest.raises(ValueError, match=r"Unknown balancer 'pcgradd'\. Did you mean 'pcgrad'\? Known: .*uncertainty"):
        ml.compile(two_heads(), "adam", loss=losses(), balancer="pcgradd")


@pytest.mark.parametrize("name", ["equal", "none", "None"])
def test_no_balancing_is_none(name):
    with pytest.raises(ValueError, match=rf"Unknown balancer '{name}'.*write balancer=None"):
        ml.compile(two_heads(), "adam", loss=losses(), balancer=name)


def test_balancer_class_instead_of_object():
    with pytest.raises(ValueError, match=r"not a class. Received: MGDA. Write MGDA\(\)"):
        ml.compile(two_heads(), "adam", loss=losses(), balancer=ml.aggregation.MGDA)


def test_loss_name():
    with pytest.raises(ValueError, match=r"Unknown loss 'msee'"):
        ml.compile(two_heads(), "adam", loss={"value": "msee"})


def test_metric_name():
    with pytest.raises(ValueError, match=r"metric of output 'value', 'accurac'"):
        ml.compile(two_heads(), "adam", loss=losses(), metrics={"value": "accurac"})
    with pytest.raises(ValueError, match=r"Unknown output in `metrics` 'valu'"):
        ml.compile(two_heads(), "adam", loss=losses(), metrics={"valu": "mae"})


def test_scale_name_and_number():
    with pytest.raises(ValueError, match=r"Unknown scale 'runing_mean'. Did you mean 'running_mean'"):
        ml.Term("mse", scale="runing_mean")
    with pytest.raises(ValueError, match="positive"):
        ml.Term("mse", scale=0.0)


def test_weight_of_an_unknown_term():
    with pytest.raises(ValueError, match=r"Unknown term in `loss_weights` 'size'\. Known: value, label"):
        ml.compile(two_heads(), "adam", loss=losses(), loss_weights={"size": 1.0})


@pytest.mark.parametrize("weight", [np.nan, "a", None, True])
def test_weight_that_is_no_number(weight):
    with pytest.raises(ValueError, match=r"weight of 'value' must be a finite number"):
        ml.compile(two_heads(), "adam", loss=losses(), loss_weights={"value": weight})


def test_variable_as_weight_is_refused_with_the_way_that_works():
    with pytest.raises(ValueError, match=r"keras.Variable, whose changes JAX would not see.*weight.assign"):
        ml.compile(two_heads(), "adam", loss=losses(), loss_weights={"value": keras.Variable(1.0)})


def test_list_of_losses_on_one_output_shows_the_dict_form():
    with pytest.raises(ValueError, match=r"'value': \{'mse': 'mse', 'mae': 'mae'\}"):
        ml.compile(two_heads(), "adam", loss={"value": ["mse", "mae"]})
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1, name="out")])
    with pytest.raises(ValueError, match=r"loss=\{'out': \{'mse': 'mse', 'mae': 'mae'\}\}.*only the first"):
        ml.compile(model, "adam", loss=["mse", "mae"])


def test_single_loss_for_two_outputs():
    with pytest.raises(ValueError, match=r"outputs \['value', 'label'\] needs `loss` as a dict"):
        ml.compile(two_heads(), "adam", loss="mse")


def test_one_array_for_two_outputs():
    _fit_error(losses(), data()[1]["value"], match=r"`y` must be a dict by output name")


def test_reserved_name():
    with pytest.raises(ValueError, match="'regularization' names the term of the model's own"):
        ml.compile(two_heads(), "adam", loss={**losses(), "regularization": ml.WeightPenalty("l2")})


def test_layer_pattern_without_a_match():
    _fit_error(
        {**losses(), "small": ml.WeightPenalty("l1", layers="trnk")},
        match=r"`layers` of term 'small' must match.*Received: trnk.*trunk",
    )


def test_joint_with_an_unknown_argument():
    with pytest.raises(ValueError, match=r"may ask by name for any of \['x', 'y_true'"):
        ml.Joint(lambda prediction: 0.0)


def test_joint_with_an_unknown_key():
    _fit_error(
        {**losses(), "joint": ml.Joint(lambda y_pred: y_pred["size"][:, 0])},
        match=r"Term 'joint' asked for the unknown key 'size'",
    )


def test_model_that_overrides_the_step_is_refused():
    class Own(keras.Model):
        def train_step(self, *args):
            return {}

    with pytest.raises(ValueError, match="Own overrides `train_step`"):
        ml.compile(Own(), "adam", loss="mse")


def test_no_shared_variable():
    x = keras.Input((4,))
    outputs = {"value": keras.layers.Dense(2)(x), "label": keras.layers.Dense(3, activation="softmax")(x)}
    trainer = ml.compile(keras.Model(x, outputs), "adam", loss=losses(), balancer="mgda")
    with pytest.raises(ValueError, match="no variable is shared"):
        trainer.fit(*data(), verbose=0)


def test_shared_pattern_without_a_match():
    """Found only while the step is traced, where JAX's loop has already emptied the variables."""
    _fit_error(
        losses(),
        match=r"`shared` must match.*Received: body.*trunk",
        balancer=ml.aggregation.MGDA(shared="body"),
    )


def test_missing_labels_need_a_loss_per_sample():
    loss = {**losses(), "value": ml.Term(keras.losses.Dice(), missing="nan")}
    _fit_error(loss, match=r"'value' gives one value for the whole batch")


def test_a_local_function_in_a_term_is_refused_when_saving(tmp_path):
    def local(y_pred):
        return keras.ops.mean(keras.ops.square(y_pred["value"]), axis=-1)

    trainer = ml.compile(two_heads(), "sgd", loss={**losses(), "small": ml.Joint(local)})
    with pytest.raises(ValueError, match=r"'small'.*a function inside a function.*register_keras_serializable"):
        trainer.save(tmp_path / "run.keras")
