"""Findings on inputs and targets: each fault is named, and its remedy fixes it."""

import keras
import numpy as np
import pytest
from cases import LOSS, compiled, data, diagnose, found, heads, the

import multiloss as ml

pytestmark = pytest.mark.skipif(
    keras.backend.backend() != "torch",
    reason="judged with NumPy alone, from probes that are tested on every backend: once is enough",
)


def test_a_healthy_problem_gives_no_alarm():
    diagnosis = diagnose()
    assert found(diagnosis, "error", "warning", "hint") == []
    assert found(diagnosis, "fine") == ["fine"]
    assert diagnosis.headline == "Nothing stands in the way."


def test_nan_targets_and_their_remedy():
    size = data()[1]["size"].copy()
    size[::3] = np.nan
    diagnosis = diagnose(size=size)
    assert the(diagnosis, "NaN target").message.startswith("33 % of the targets of `size` are NaN")
    assert '`"size": ml.Term("mse", missing="nan")`' in the(diagnosis, "NaN target").remedy
    assert the(diagnosis, "non-finite loss").terms == ("size",)
    fixed = diagnose(loss={"size": ml.Term("mse", missing="nan")}, size=size)
    assert found(fixed) == []
    assert fixed.terms[0].labelled == pytest.approx(2 / 3, abs=0.1)


def test_infinite_targets():
    size = data()[1]["size"].copy()
    size[5] = np.inf
    assert "1 of the targets of `size` are infinite" in the(diagnose(size=size), "infinite target").message


def test_nan_inputs():
    x = data()[0].copy()
    x[7, 2] = np.nan
    assert "NaN in 1 of 96 samples" in the(diagnose(x=x), "non-finite input").message


def test_no_label_at_all():
    size = np.full((96, 1), np.nan, "float32")
    diagnosis = diagnose(loss={"size": ml.Term("mse", missing="nan")}, size=size)
    assert found(diagnosis) == ["no labels"]
    assert np.isnan(diagnosis.terms[0].gradient_share)


def test_labels_in_few_batches():
    size = np.full((96, 1), np.nan, "float32")
    size[:2, 0] = 1.0, 2.0
    diagnosis = diagnose(loss={"size": ml.Term("mse", missing="nan")}, size=size)
    assert "few labels" in found(diagnosis)


def test_a_constant_target():
    assert "is 7 in the training data" in the(diagnose(size=np.full((96, 1), 7.0)), "constant target").message


def test_targets_far_away_and_the_remedy():
    far = 5000.0 + 100.0 * data()[1]["size"]
    finding = the(diagnose(size=far), "far target")
    assert finding.severity == "warning"
    assert "Rescaling(scale=" in finding.remedy
    code = finding.remedy.split("`keras.layers.Rescaling(")[1].split(")")[0]
    arguments = {name: float(value) for name, value in (part.split("=") for part in code.split(", "))}

    class Ends(keras.layers.Layer):
        def __init__(self):
            super().__init__(name="far")
            self.inner, self.outer = keras.layers.Dense(1), keras.layers.Rescaling(**arguments)

        def call(self, inputs):
            return self.outer(self.inner(inputs))

    assert "far target" not in found(diagnose(heads(size=Ends()), size=far))


@pytest.mark.parametrize("label", [3, -1, 255])
def test_a_class_that_does_not_exist(label):
    kind = data()[1]["kind"].copy()
    kind[::4] = label
    finding = the(diagnose(kind=kind), "class out of range")
    assert finding.severity == "error"
    assert finding.message.startswith("25 % of the targets of `kind` are no class of its 3 (0 to 2)")
    if label == 3:
        assert "4 classes" in finding.remedy
    else:
        assert f"missing={label}" in finding.remedy
        fixed = diagnose(loss={"kind": ml.Term("sparse_categorical_crossentropy", missing=label)}, kind=kind)
        assert found(fixed) == []


def test_a_class_that_the_loss_ignores_is_no_mistake():
    kind = data()[1]["kind"].copy()
    kind[::4] = 255
    ignoring = keras.losses.SparseCategoricalCrossentropy(ignore_class=255)
    assert found(diagnose(loss={"kind": ignoring}, kind=kind)) == []


def test_classes_from_one():
    finding = the(diagnose(kind=data()[1]["kind"] + 1), "class out of range")
    assert "subtract 1" in finding.remedy


def test_fractional_classes():
    assert "fractional class" in found(diagnose(kind=data()[1]["kind"] + 0.5))


def test_one_hot_rows_where_numbers_are_expected():
    rows = np.eye(3, dtype="float32")[data()[1]["kind"][:, 0]]
    diagnosis = diagnose(kind=rows)
    assert "one-hot target" in found(diagnosis)
    assert found(diagnose(loss={"kind": "categorical_crossentropy"}, kind=rows)) == []


def test_numbers_where_one_hot_rows_are_expected():
    diagnosis = diagnose(loss={"kind": "categorical_crossentropy"})
    assert found(diagnosis) == ["class numbers"]
    # The step fails on such data: what can be said without gradients is said.
    assert np.isnan(diagnosis.cosines).all()
    assert np.isnan(diagnosis.terms[0].loss)


def test_several_classes_in_a_row():
    rows = np.eye(3, dtype="float32")[data()[1]["kind"][:, 0]]
    rows[::2, 0] = 1.0
    diagnosis = diagnose(loss={"kind": "categorical_crossentropy"}, kind=rows)
    assert "binary_crossentropy" in the(diagnosis, "rows that are no distribution").remedy


@pytest.mark.parametrize(("factor", "offset", "advice"), [(2.0, -1.0, "(y + 1) / 2"), (255.0, 0.0, "255")])
def test_binary_targets_outside_of_zero_to_one(factor, offset, advice):
    diagnosis = diagnose(hit=factor * data()[1]["hit"] + offset)
    assert advice in the(diagnosis, "target outside 0 to 1").remedy


def test_a_class_that_never_occurs():
    kind = np.minimum(data()[1]["kind"], 1)
    assert (
        "1 of the 3 classes of `kind` never occur in the training data: 2"
        in the(diagnose(kind=kind), "absent class").message
    )


def test_unequal_classes_and_the_remedy():
    kind = np.zeros((96, 1), "int32")
    kind[:4], kind[4:20] = 1, 2
    finding = the(diagnose(kind=kind), "unequal classes")
    assert finding.severity == "hint"
    assert "(0) is 19 times as frequent as the rarest (1: 4 labels)" in finding.message
    weights = ml.balanced_class_weight(kind)
    term = ml.Term("sparse_categorical_crossentropy", class_weight=weights)
    assert found(diagnose(loss={"kind": term}, kind=kind), "hint") == []


def test_masks_and_columns_are_seen_as_the_term_sees_them():
    size = np.concatenate([data()[1]["size"], np.full((96, 1), np.nan, "float32")], axis=1)
    x, y = data()
    terms = {"size": ml.Term("mse", column=0), "more": ml.Term("mse", output="size", column=1, mask="known")}
    model = heads(size=keras.layers.Dense(2, name="size"))
    known = np.zeros((96, 1), bool)
    trainer = compiled(model, {**LOSS, **terms})
    diagnosis = ml.diagnose(trainer, (x, {**y, "size": size, "known": known}), batch_size=16)
    assert found(diagnosis) == ["no labels"]
    assert the(diagnosis, "no labels").terms == ("more",)


def test_large_inputs():
    finding = the(diagnose(x=1000.0 + 10.0 * data()[0]), "large inputs")
    assert finding.severity == "warning"
    assert "Normalization" in finding.remedy
    assert the(diagnose(x=50.0 * data()[0]), "large inputs").severity == "hint"


def test_predictions_that_start_far_away():
    wide = keras.layers.Dense(1, name="size", kernel_initializer=keras.initializers.RandomNormal(stddev=100.0))
    assert "begin at" in the(diagnose(heads(size=wide)), "far start").message


def padded(lengths, batches=1):
    """Sequences of up to 6 steps, and a trainer that sees Keras's mask; the padding holds class 9 of 3."""
    inputs = keras.Input((None, 2))
    hidden = keras.layers.Dense(4)(keras.layers.Masking()(inputs))  # not every release's LSTM hands a mask on
    model = keras.Model(inputs, {"kind": keras.layers.Dense(3, activation="softmax", name="kind")(hidden)})
    found = []
    for batch, length in enumerate(np.tile(lengths, batches)):
        x = np.random.default_rng(batch).normal(size=(8, length, 2)).astype("float32")
        kind = np.random.default_rng(batch).integers(0, 3, (8, length))
        x[::2, length - 2 :], kind[::2, length - 2 :] = 0.0, 9
        found.append((x, {"kind": kind}))
    return compiled(model, {"kind": "sparse_categorical_crossentropy"}), found


def test_the_padding_of_sequences_is_no_label():
    trainer, [(x, y)] = padded([6])
    for given in ((x, y), iter([(x, y)])):
        diagnosis = ml.diagnose(trainer, given, batch_size=8)
        assert "class out of range" not in found(diagnosis)
        assert diagnosis.terms[0].targets["labels"] == 8 * 6 - 4 * 2
        assert diagnosis.terms[0].targets["max"] == 2


def test_batches_of_many_lengths():
    trainer, batches = padded([6, 5, 6])
    assert ml.diagnose(trainer, iter(batches)).terms[0].targets["labels"] == 2 * (8 * 6 - 4 * 2)
