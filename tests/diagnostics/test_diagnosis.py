"""`diagnose` itself: what it takes, what it leaves alone, what it stores."""

import csv
import json

import keras
import numpy as np
import pytest
from cases import LOSS, SAMPLES, compiled, data, found, heads

import multiloss as ml
from multiloss.diagnostics import _targets
from multiloss.training.reading import Batches


def problem(**changes):
    settings = {
        "name": "three heads",
        "build_model": heads,
        "loss": LOSS,
        "train": data(),
        "validation": data(1),
        "metrics": {"size": "mae"},
        "score": {"size_mae": "min"},
        "batch_size": 16,
        "description": "Three outputs of four numbers.",
    }
    return ml.Problem(**{**settings, **changes})


@pytest.fixture(scope="module")
def diagnosis():
    return ml.diagnose(problem(), batches=3)


def test_a_problem_brings_its_own_data(diagnosis):
    assert diagnosis.problem == "three heads"
    assert diagnosis.settings["batches"] == 3
    assert diagnosis.settings["samples"] == 48
    assert [term.name for term in diagnosis.terms] == list(LOSS)
    assert diagnosis.shared == ("trunk",)
    assert sum(term.gradient_share for term in diagnosis.terms) == pytest.approx(1.0)
    assert sum(term.contribution for term in diagnosis.terms) == pytest.approx(1.0)
    with pytest.raises(ValueError, match="brings its own training data"):
        ml.diagnose(problem(), data())


def test_the_numbers_are_those_of_the_probes(diagnosis):
    trainer = compiled(problem().new_model(0), LOSS)
    probes = [trainer.probe(*batch) for batch in Batches(data(), 16, seed=0).first(3)]
    size = [np.sqrt(probe.gramian[0, 0]) for probe in probes]
    assert diagnosis.terms[0].gradient_norm == pytest.approx(np.mean(size), rel=1e-5)
    assert diagnosis.terms[0].loss == pytest.approx(np.mean([probe.losses[0] for probe in probes]), rel=1e-5)
    cosines = [p.gramian[0, 1] / np.sqrt(p.gramian[0, 0] * p.gramian[1, 1]) for p in probes]
    assert diagnosis.cosines[0, 1] == pytest.approx(np.mean(cosines), rel=1e-4, abs=1e-6)


def test_the_same_seed_gives_the_same_and_another_another(diagnosis):
    again, other = ml.diagnose(problem(), batches=3), ml.diagnose(problem(), batches=3, seed=1)
    np.testing.assert_allclose(again.cosines, diagnosis.cosines)
    assert not np.allclose(other.cosines, diagnosis.cosines)


def test_a_trainer_is_left_as_it_is():
    x, y = data()
    trainer = compiled(heads(), LOSS)
    before = [keras.ops.convert_to_numpy(variable).copy() for variable in trainer.variables]
    result = ml.diagnose(trainer, (x, y))
    assert result.settings["batch_size"] == 32
    for value, variable in zip(before, trainer.variables, strict=True):
        np.testing.assert_array_equal(value, keras.ops.convert_to_numpy(variable))


class Numbered(keras.utils.PyDataset):
    """Batches of the healthy data by number."""

    ended = 0

    def __len__(self):
        return SAMPLES // 16

    def __getitem__(self, index):
        rows = slice(16 * index, 16 * index + 16)
        x, y = data()
        return x[rows], {name: target[rows] for name, target in y.items()}

    def on_epoch_end(self):
        self.ended += 1


def test_other_data_sets():
    trainer = compiled(heads(), LOSS)
    numbered = Numbered()
    by_number = ml.diagnose(trainer, numbered, batches=99)
    assert numbered.ended == 0
    assert by_number.settings["samples"] == SAMPLES
    generated = ml.diagnose(trainer, (numbered[index] for index in range(6)), batches=99)
    np.testing.assert_allclose(by_number.cosines, generated.cosines, atol=1e-5)
    assert found(generated) == []


def test_findings_say_when_only_batches_were_looked_at():
    trainer = compiled(heads(), {"size": ml.Term("mse", missing="nan")})
    x, _ = data()
    batch = x[:16], {"size": np.full((16, 1), np.nan, "float32")}
    (finding,) = ml.diagnose(trainer, iter([batch, batch])).of("error")
    assert "in the 32 samples looked at" in finding.message


def test_a_single_output_needs_no_names():
    x, y = data()
    inputs = keras.Input((4,))
    model = keras.Model(inputs, keras.layers.Dense(1, name="size")(inputs))
    result = ml.diagnose(compiled(model, "mse"), (x, y["size"]))
    assert result.terms[0].gradient_share == 1.0
    assert found(result) == []
    sequential = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1, activation="relu")])
    assert found(ml.diagnose(compiled(sequential, "mse"), (x, y["size"]))) == ["out of reach"]


def test_a_subclassed_model():
    class Own(keras.Model):
        def __init__(self):
            super().__init__()
            self.trunk, self.head = keras.layers.Dense(4), keras.layers.Dense(1)

        def call(self, inputs):
            hidden = self.trunk(inputs)
            return {"size": self.head(hidden), "sum": keras.ops.sum(hidden, axis=-1, keepdims=True)}

    x, y = data()
    trainer = compiled(Own(), {"size": "mse", "sum": "mse"})
    result = ml.diagnose(trainer, (x, {"size": y["size"], "sum": y["hit"]}))
    assert [term.name for term in result.terms] == ["size", "sum"]
    assert len(result.shared) == 1
    assert np.isfinite(result.cosines).all()


def test_it_is_stored_as_strict_json_and_csv(tmp_path):
    x, y = data()
    y["size"][0] = np.nan
    result = ml.diagnose(compiled(heads(), LOSS), (x, y), out=tmp_path / "new")
    path = tmp_path / "new" / "results.json"
    stored = json.loads(path.read_text(), parse_constant=pytest.fail)
    assert stored.pop("checksum")
    assert stored == result.to_dict()
    assert stored["counts"]["error"] == len(result.of("error")) == 2
    with (tmp_path / "new" / "results.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["name"] for row in rows] == list(LOSS)
    assert float(rows[1]["gradient_share"]) == pytest.approx(result.terms[1].gradient_share)
    assert float(rows[1]["target_max"]) == 2.0


def test_large_arrays_are_looked_at_in_part(monkeypatch):
    monkeypatch.setattr(_targets, "MOST_ENTRIES", 40)
    x, y = data()
    y = {**y, "size": np.full((SAMPLES, 1), np.nan, "float32")}
    trainer = compiled(heads(kind=None, hit=None), {"size": ml.Term("mse", missing="nan")})
    (finding,) = ml.diagnose(trainer, (x, {"size": y["size"]}), batches=1).of("error")
    assert "in the 40 samples looked at" in finding.message


def test_layers_without_a_name_have_the_same_one_each_time():
    def build():
        inputs = keras.Input((4,))
        return keras.Model(inputs, [keras.layers.Dense(1)(inputs), keras.layers.Dense(1)(inputs)])

    x, y = data()
    losses = {"dense": "mse", "dense_1": "mse"}
    named = problem(
        build_model=build, loss=losses, train=(x, {"dense": y["size"], "dense_1": y["hit"]}), metrics=losses
    )
    for _ in range(2):
        assert [term.name for term in ml.diagnose(named, batches=1).terms] == ["dense", "dense_1"]


def test_it_reads_well(diagnosis):
    text = str(diagnosis)
    assert text.startswith(f"three heads: {diagnosis.headline}")
    assert "part of gradient" in text
    assert str(diagnosis.findings[0]).startswith(diagnosis.findings[0].severity)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((heads,), "must be a multiloss.Problem or a compiled trainer"),
        (("digits",), "Received: str"),
    ],
)
def test_mistakes(arguments, message):
    with pytest.raises(ValueError, match=message):
        ml.diagnose(*arguments)


def test_mistakes_with_a_trainer():
    trainer = compiled(heads(), LOSS)
    x, y = data()
    with pytest.raises(ValueError, match="needs data"):
        ml.diagnose(trainer)
    with pytest.raises(ValueError, match="`batches` must be"):
        ml.diagnose(trainer, (x, y), batches=0)
    with pytest.raises(ValueError, match="one length"):
        ml.diagnose(trainer, (x, {**y, "size": y["size"][:5]}))
    with pytest.raises(ValueError, match="Unknown target"):
        ml.diagnose(trainer, (x, {"size": y["size"], "kind": y["kind"]}))
    with pytest.raises(ValueError, match="at least one batch"):
        ml.diagnose(trainer, iter([]))
