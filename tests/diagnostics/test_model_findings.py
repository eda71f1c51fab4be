"""Findings on losses, activations and gradients; what they advise is carried out, and they are gone."""

import keras
import numpy as np
import pytest
from cases import LOSS, compiled, data, diagnose, found, heads, the

import multiloss as ml

pytestmark = pytest.mark.skipif(
    keras.backend.backend() != "torch",
    reason="judged with NumPy alone, from probes that are tested on every backend: once is enough",
)


def dense(units, activation=None, name=None, **options):
    return keras.layers.Dense(units, activation=activation, name=name, **options)


def logits(name):
    return getattr(keras.losses, name)(from_logits=True)


@pytest.mark.parametrize(
    ("output", "units", "loss", "fixed"),
    [
        ("kind", 3, "sparse_categorical_crossentropy", logits("SparseCategoricalCrossentropy")),
        ("hit", 1, "binary_crossentropy", logits("BinaryCrossentropy")),
        ("hit", 1, "soft_dice", ml.losses.Dice(from_logits=True)),
    ],
)
def test_logits_into_a_loss_of_probabilities(output, units, loss, fixed):
    model = heads(**{output: dense(units, name=output, kernel_initializer="random_normal")})
    finding = the(diagnose(model, loss={output: loss}), "logits as probabilities")
    assert finding.severity == "error"
    assert "from_logits=True" in finding.remedy
    assert found(diagnose(model, loss={output: fixed}), "error") == []


def test_a_sigmoid_where_a_softmax_is_meant():
    assert "no distribution" in found(diagnose(heads(kind=dense(3, "sigmoid", "kind"))))


@pytest.mark.parametrize(("output", "loss"), [("kind", "SparseCategoricalCrossentropy"), ("hit", "BinaryCrossentropy")])
def test_probabilities_into_a_loss_of_logits(output, loss):
    finding = the(diagnose(loss={output: logits(loss)}), "probabilities as logits")
    assert finding.severity == "error"
    assert f"`{output}`" in finding.message


def test_a_softmax_that_only_its_values_give_away():
    class Own(keras.layers.Layer):
        def call(self, inputs):
            return keras.ops.softmax(inputs[:, :3])

    diagnosis = diagnose(heads(kind=Own(name="kind")), loss={"kind": logits("SparseCategoricalCrossentropy")})
    assert "probabilities as logits" in found(diagnosis)


@pytest.mark.parametrize(("activation", "factor"), [("relu", 1.0), ("sigmoid", 1.0), ("tanh", 30.0), ("softplus", 1.0)])
def test_targets_out_of_reach(activation, factor):
    model = heads(size=dense(1, activation, "size"))
    finding = the(diagnose(model, size=factor * data()[1]["size"]), "out of reach")
    assert finding.severity == "error"
    assert f'activation="{activation}"' in finding.message


def test_rescaling_after_an_activation_is_followed():
    inputs = keras.Input((4,))
    turned = keras.layers.Dense(1, activation="tanh")(keras.layers.Dense(8)(inputs))
    model = keras.Model(inputs, {"size": keras.layers.Rescaling(10.0)(turned)})
    x, y = data()
    trainer = compiled(model, {"size": "mse"})
    assert found(ml.diagnose(trainer, (x, {"size": y["size"]}))) == []
    assert found(ml.diagnose(trainer, (x, {"size": 100.0 * y["size"]})), "error") == ["out of reach"]


def large():
    return 300.0 * data()[1]["size"]


def unjudged(y_true, y_pred):
    """A loss of which nothing is known."""
    return keras.ops.mean((y_true - y_pred) ** 2, axis=-1)


def test_one_term_gives_all_of_the_gradient():
    finding = the(diagnose(size=large()), "dominance")
    assert finding.severity == "warning"
    assert finding.terms == ("size",)
    assert "more than 99.9" in finding.message or "99.9" in finding.message


@pytest.mark.parametrize("advice", ["scale", "loss_weights", "balancer"])
def test_what_is_advised_against_dominance_helps(advice):
    remedy = the(diagnose(size=large(), loss={"size": unjudged}), "dominance").remedy
    assert advice in remedy
    if advice == "scale":
        term = eval(remedy.split('`"size": ')[1].split("`")[0], {"ml": ml, "unjudged": unjudged})
        fixed = diagnose(size=large(), loss={"size": term})
        promised = float(remedy.split("(its part: about ")[1].split(" %")[0])
        assert 100 * fixed.terms[0].gradient_share == pytest.approx(promised, rel=0.3)
    elif advice == "loss_weights":
        weights = eval(remedy.split("`loss_weights=")[1].split("`")[0])
        fixed = diagnose(size=large(), loss={"size": unjudged}, loss_weights=weights)
    else:
        trainer = compiled(heads(), {**LOSS, "size": unjudged}, balancer=remedy.split('balancer="')[1].split('"')[0])
        x, y = data()
        logs = trainer.train_on_batch(x, {**y, "size": large()}, return_dict=True)
        probe = compiled(heads(), {**LOSS, "size": unjudged}).probe(x, {**y, "size": large()})
        pulls = np.array([float(logs[f"{name}_weight"]) for name in LOSS]) * np.sqrt(np.diag(probe.gramian))
        assert pulls.max() / pulls.sum() < 0.5
        return
    assert not {"dominance", "drowned"} & set(found(fixed, "error", "warning", "hint"))


def test_a_drowned_term_and_the_weight_that_helps():
    finding = the(diagnose(loss_weights={"hit": 1e-3}), "drowned")
    assert finding.terms == ("hit",)
    weights = eval(finding.remedy.split("`loss_weights=")[1].split("`")[0])
    assert found(diagnose(loss_weights=weights)) == []


def test_with_a_balancer_it_is_a_hint():
    diagnosis = diagnose(size=large(), balancer="mgda")
    assert "before the balancer acts" in the(diagnosis, "dominance").message
    assert the(diagnosis, "dominance").severity == "hint"


def opposites():
    """Two terms that want the same output at +8 and at -8, not equally strongly."""
    x, y = data()
    model = heads()
    model = keras.Model(model.input, {"up": model.output["size"], "down": 1.0 * model.output["size"]})
    trainer = compiled(model, {"up": "mse", "down": "mse"}, loss_weights={"down": 0.4})
    return trainer, (x, {"up": y["size"] + 8.0, "down": y["size"] - 8.0})


def test_a_conflict_before_and_after_training_began():
    trainer, (x, y) = opposites()
    before = the(ml.diagnose(trainer, (x, y), batch_size=16), "conflict")
    assert before.severity == "hint"
    assert "another `seed`" in before.remedy
    trainer.train_on_batch(x, y)
    diagnosis = ml.diagnose(trainer, (x, y), batch_size=16)
    after = the(diagnosis, "conflict")
    assert after.severity == "warning"
    assert after.terms == ("up", "down")
    assert "makes `down` worse, in 100 % of the batches" in after.message
    assert 'With `balancer="upgrad"` no step makes a term worse' in after.remedy
    assert diagnosis.conflicts[0, 1] == 1.0
    assert diagnosis.terms[1].worsened == 1.0


def test_the_balancer_that_is_advised_makes_no_term_worse():
    trainer, (x, y) = opposites()
    gramian = trainer.probe(x, y).gramian * np.outer([1.0, 0.4], [1.0, 0.4])
    weights = keras.ops.convert_to_numpy(ml.aggregation.solve(gramian, "upgrad"))
    assert (gramian @ np.ones(2)).min() < 0
    assert (gramian @ weights).min() > -1e-3 * np.abs(gramian).max()


def test_many_conflicts_are_one_finding():
    x, _ = data()
    model = heads(kind=None, hit=None)
    targets = {f"t{index}": x[:, :1] + 10.0 * (-1) ** index for index in range(6)}
    model = keras.Model(model.input, dict.fromkeys(targets, 1.0 * model.output["size"]))
    diagnosis = ml.diagnose(compiled(model, dict.fromkeys(targets, "mse")), (x, targets), batch_size=16)
    assert "; and 6 more pairs" in the(diagnosis, "conflict").message


def test_the_same_fault_of_many_terms_is_one_finding():
    x, y = data()
    inputs = keras.Input((4,))
    hidden = keras.layers.Dense(8, activation="tanh")(inputs)
    model = keras.Model(inputs, {name: keras.layers.Dense(1, activation="relu")(hidden) for name in "abcde"})
    diagnosis = ml.diagnose(compiled(model, dict.fromkeys("abcde", "mse")), (x, dict.fromkeys("abcde", y["size"])))
    finding = the(diagnosis, "out of reach")
    assert finding.terms == tuple("abcde")
    assert "It is the same with `b`, `c`, `d`, `e`." in finding.message


def test_a_term_that_reaches_nothing():
    diagnosis = diagnose(loss={"rounded": ml.Joint(lambda y_pred: keras.ops.stop_gradient(y_pred["size"])[:, 0] ** 2)})
    assert the(diagnosis, "not connected").severity == "error"
    assert diagnosis.terms[3].layers == ()


def test_a_dead_relu():
    model = heads(size=dense(1, "relu", "size", bias_initializer=keras.initializers.Constant(-100.0)))
    diagnosis = diagnose(model, size=np.abs(data()[1]["size"]))
    assert the(diagnosis, "no gradient").severity == "error"
    assert the(diagnosis, "constant output").severity == "warning"


def test_a_last_layer_that_starts_at_zero_is_no_alarm():
    diagnosis = diagnose(heads(hit=dense(1, "sigmoid", "hit", kernel_initializer="zeros")))
    assert "constant output" in found(diagnosis, "hint")
    assert "constant output" not in found(diagnosis)


def test_weights_of_zero_and_below():
    diagnosis = diagnose(loss_weights={"size": 0.0, "hit": -1.0})
    assert the(diagnosis, "no weight").terms == ("size",)
    assert the(diagnosis, "negative weight").terms == ("hit",)


def test_the_same_term_twice():
    terms = {"size": "mse", "half": ml.Joint(lambda y_true, y_pred: 0.5 * (y_true["size"] - y_pred["size"])[:, 0] ** 2)}
    diagnosis = diagnose(loss=terms)
    assert the(diagnosis, "duplicate").terms == ("size", "half")
    assert "factor 2" in the(diagnosis, "duplicate").message
    assert found(diagnose(loss={"size": {"mse": "mse", "mae": "mae"}})) == []


def test_a_gradient_that_is_not_finite():
    model = heads(size=dense(1, name="size", kernel_initializer="zeros"))
    root = ml.Joint(lambda y_true, y_pred: keras.ops.sqrt(keras.ops.mean((y_true["size"] - y_pred["size"]) ** 2)))
    diagnosis = diagnose(model, loss={"root": root}, size=np.zeros((96, 1), "float32"))
    assert "root" in the(diagnosis, "non-finite gradient").terms


def test_nothing_shared():
    inputs = keras.Input((4,))
    model = keras.Model(inputs, {name: keras.layers.Dense(1)(inputs) for name in ("a", "b")})
    x, y = data()
    trainer = compiled(model, {"a": "mse", "b": "mse"})
    diagnosis = ml.diagnose(trainer, (x, {"a": y["size"], "b": y["hit"]}))
    assert found(diagnosis, "error", "warning", "hint") == ["nothing shared"]


def test_gradients_that_depend_on_each_other():
    terms = {"size": {"mse": "mse", "mae": "mae", "huber": "huber"}}
    diagnosis = diagnose(heads(kind=None, hit=None), {**terms, "kind": None, "hit": None}, batches=2)
    assert diagnosis.condition["normalised"] >= 1.0


def test_a_scale_that_is_not_measured():
    assert "uncalibrated" in found(diagnose(loss={"size": ml.Term("mse", scale="calibrated")}))


def test_a_constraint_has_no_share():
    diagnosis = diagnose(loss={"hit": ml.Constraint("binary_crossentropy", upper_bound=0.3)})
    assert found(diagnosis) == []
    assert np.isnan(diagnosis.terms[2].gradient_share)
