"""DataFrames and Series are read by their columns; texts, objects, lists and unequal lengths are refused by name."""

import keras
import numpy as np
import pytest

import multiloss as ml

SAMPLES = 6
GENERATOR = np.random.default_rng(0)
TABLE = {name: GENERATOR.normal(size=SAMPLES) for name in ("width", "height", "price", "click", "importance")}
TABLE["click"] = GENERATOR.integers(0, 2, SAMPLES)
TABLE["importance"] = np.arange(SAMPLES, dtype="float64")


class _Series:
    """What every library's Series has."""

    def __init__(self, values):
        self._values = np.asarray(values)
        self._values.flags.writeable = False

    def to_numpy(self):
        return self._values


class _Frame:
    """What every library's DataFrame has."""

    def __init__(self, table):
        self._table = dict(table)

    @property
    def columns(self):
        return list(self._table)

    def __getitem__(self, name):
        return _Series(self._table[name])

    def to_numpy(self):
        return np.stack(list(self._table.values()), axis=1)


def _frame_of(library):
    if library == "any":
        return _Frame
    module = pytest.importorskip(library)
    return module.table if library == "pyarrow" else module.DataFrame


@pytest.fixture(params=["any", "pandas", "polars", "pyarrow"])
def frame(request):
    return _frame_of(request.param)


def _some(*names):
    return {name: TABLE[name] for name in names}


def _column(name):
    return TABLE[name].astype("float32")[:, None]


def _trainer(inputs="one"):
    keras.utils.set_random_seed(0)
    if inputs == "one":
        x = given = keras.Input((2,))
    else:
        width, height = keras.Input((1,), name="width"), keras.Input((1,), name="height")
        given = {"height": height, "width": width} if inputs == "dict" else [width, height]
        x = keras.layers.Concatenate()([width, height])
    outputs = {
        "ctr": keras.layers.Dense(1, activation="sigmoid")(x),
        "price": keras.layers.Dense(1)(x),
    }
    loss = {"ctr": ml.Term("binary_crossentropy", target="click"), "price": "mse"}
    return ml.compile(keras.Model(given, outputs), keras.optimizers.SGD(0.0), loss=loss)


@pytest.mark.parametrize("inputs", ["one", "dict", "list"])
def test_frames_are_what_their_columns_are(frame, inputs):
    trainer = _trainer(inputs)
    arrays = {name: _column(name) for name in ("width", "height")}
    x = {"one": np.concatenate(list(arrays.values()), axis=1), "dict": arrays, "list": list(arrays.values())}[inputs]
    y, weight = {"click": _column("click"), "price": _column("price")}, {"price": TABLE["importance"]}
    expected = trainer.evaluate(x, y, sample_weight=weight, verbose=0, return_dict=True)
    given = frame(_some("width", "height")), frame(_some("price", "click")), frame({"price": TABLE["importance"]})
    assert trainer.evaluate(*given[:2], sample_weight=given[2], verbose=0, return_dict=True) == expected
    logs = trainer.train_on_batch(*given, return_dict=True)
    assert logs["price_loss"] == pytest.approx(expected["price_loss"], rel=1e-5)
    np.testing.assert_array_equal(trainer.predict(given[0], verbose=0)["ctr"], trainer.predict(x, verbose=0)["ctr"])
    history = trainer.fit(*given[:2], sample_weight=given[2], validation_data=given, verbose=0).history
    assert history["price_loss"][0] == pytest.approx(expected["price_loss"], rel=1e-5)
    assert history["val_ctr_loss"][0] == pytest.approx(expected["ctr_loss"], rel=1e-5)


def test_series_and_what_a_frame_holds_besides():
    frame = _Frame({**TABLE, "name": np.array(["a"] * SAMPLES, dtype=object)})
    trainer = _trainer()
    x = np.stack([TABLE["width"], TABLE["height"]], axis=1).astype("float32")
    expected = trainer.evaluate(
        x, {"click": _column("click"), "price": _column("price")}, sample_weight=TABLE["importance"],
        verbose=0, return_dict=True,
    )  # fmt: skip
    weight = frame["importance"]
    series = {name: frame[name] for name in ("click", "price")}
    for y in (frame, series):
        assert trainer.evaluate(x, y, sample_weight=weight, verbose=0, return_dict=True) == expected


def test_a_frame_for_one_output_is_its_matrix():
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2, name="out")])
    trainer = ml.compile(model, "sgd", loss="mse", run_eagerly=True)
    x, y = (
        np.stack([TABLE[a], TABLE[b]], axis=1).astype("float32") for a, b in (("width", "height"), ("price", "click"))
    )
    expected = trainer.test_on_batch(x, y, return_dict=True)
    frames = _Frame(_some("width", "height")), _Frame(_some("price", "click"))
    assert trainer.test_on_batch(*frames, return_dict=True) == pytest.approx(expected)


def test_a_column_that_is_missing_is_named():
    with pytest.raises(ValueError, match=r"Unknown input in `x`, 'height'\. .*Known: width, price"):
        _trainer("dict").predict(_Frame(_some("width", "price")), verbose=0)
    with pytest.raises(ValueError, match=r"Unknown target of term 'price', 'price'\. .*Known: click"):
        _trainer().fit(_Frame(_some("width", "height")), _Frame(_some("click")), verbose=0)


X = np.ones((SAMPLES, 2), "float32")
GOOD = {"click": np.ones(SAMPLES), "price": np.ones(SAMPLES)}
WRONG = {
    "texts": ({**GOOD, "click": np.array(["yes"] * SAMPLES)}, r"`y\['click'\]` must hold numbers.*'yes'"),
    "objects": ({**GOOD, "click": np.array([1, None] * 3, dtype=object)}, r"`y\['click'\]` must hold numbers.*object"),
    "times": ({**GOOD, "click": np.zeros(SAMPLES, "datetime64[s]")}, r"`y\['click'\]` must hold numbers"),
    "list": ({**GOOD, "click": [1] * SAMPLES}, r"`y\['click'\]` must be an array.*a list of 6"),
    "list of lists": ({**GOOD, "click": [[1], [1, 2]]}, r"`y\['click'\]` must be an array.*a list of 2.*padded"),
    "number": ({**GOOD, "click": 1.0}, r"`y\['click'\]` must be an array"),
    "lengths": ({**GOOD, "click": np.ones(5)}, r"one length.*`x` has 6, `y\['click'\]` has 5, `y\['price'\]` has 6"),
    "in a list": ([GOOD["click"], np.array(["yes"] * SAMPLES)], r"`y\[1\]` must hold numbers"),
    "none": ({**GOOD, "click": None}, "Unknown target of term 'ctr', 'click'"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_what_is_no_array_of_numbers_is_refused(kind):
    y, message = WRONG[kind]
    trainer = _trainer()
    for call in (
        lambda: trainer.fit(X, y, verbose=0),
        lambda: trainer.fit(X, GOOD, validation_data=(X, y), verbose=0),
        lambda: trainer.evaluate(X, y, verbose=0),
        lambda: trainer.train_on_batch(X, y),
    )[: 1 if kind == "none" else 4]:
        with pytest.raises(ValueError, match=message) as caught:
            call()
        assert len(str(caught.value)) < 300


def test_inputs_and_weights_that_are_no_arrays_are_refused():
    trainer = _trainer()
    with pytest.raises(ValueError, match="`x` must be an array with one entry for each sample"):
        trainer.fit([[1, 2]] * SAMPLES, GOOD, verbose=0)
    with pytest.raises(ValueError, match=r"`sample_weight\['price'\]` must hold numbers"):
        trainer.fit(X, GOOD, sample_weight={"price": np.array(["1"] * SAMPLES)}, verbose=0)
    with pytest.raises(ValueError, match="`sample_weight` has 3"):
        trainer.fit(X, GOOD, sample_weight=np.ones(3), verbose=0)


def test_texts_in_a_data_set_are_refused():
    def batches():
        while True:
            yield X, {**GOOD, "click": np.array(["yes"] * SAMPLES)}

    # On TensorFlow, Keras asks for the dtypes of a generator before anybody else can.
    tensorflow = keras.backend.backend() == "tensorflow"
    with pytest.raises(ValueError, match="Invalid dtype: str" if tensorflow else r"`y\['click'\]` must hold numbers"):
        _trainer().fit(batches(), steps_per_epoch=1, shuffle=False, verbose=0)
