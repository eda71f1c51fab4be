"""Two remedies for one term: the second is measured with the first applied, so that together they help."""

import keras
import pytest
from cases import data, diagnose, found, heads, the

import multiloss as ml

pytestmark = pytest.mark.one_backend


def large():
    return 300.0 * data()[1]["size"]


class Ends(keras.layers.Layer):
    """An output that ends as is advised."""

    def __init__(self, rescaling):
        super().__init__(name="size")
        self.inner, self.outer = keras.layers.Dense(1), rescaling

    def call(self, inputs):
        return self.outer(self.inner(inputs))


@pytest.mark.parametrize("advice", ["scale", "loss_weights"])
@pytest.mark.parametrize("offset", [0.0, 2000.0])
def test_remedies_help_one_after_the_other(advice, offset):
    # Measured apart, a weight that levels errors of 2000 is 300 times off for errors of the deviation, 300.
    diagnosis = diagnose(size=large() + offset)
    rescaling = the(diagnosis, "far target").remedy.split("`")[3]
    remedy = the(diagnosis, "dominance").remedy
    assert remedy.startswith("First rescale the outputs that are far from their targets, which leaves `size`")

    def ends():
        return heads(size=Ends(eval(rescaling, {"keras": keras})))

    if advice == "scale":
        term = eval(remedy.split('`"size": ')[1].split("`")[0], {"ml": ml})
        fixed = diagnose(ends(), size=large() + offset, loss={"size": term})
        promised = float(remedy.split("(its part: about ")[1].split(" %")[0])
        assert 100 * fixed.terms[0].gradient_share == pytest.approx(promised, rel=0.3)
    else:
        weights = eval(remedy.split("`loss_weights=")[1].split("`")[0])
        fixed = diagnose(ends(), size=large() + offset, loss_weights=weights)
    assert not {"far target", "dominance", "drowned"} & set(found(fixed, "error", "warning", "hint"))


def test_where_rescaling_is_enough_nothing_else_is_advised():
    # Errors of 25 beside predictions of about 1, and a deviation of 1: the rescaled gradient is small.
    diagnosis = diagnose(size=data()[1]["size"] + 60.0)
    remedy = the(diagnosis, "dominance").remedy
    assert "that is enough" in remedy
    assert "loss_weights" not in remedy
    rescaling = the(diagnosis, "far target").remedy.split("`")[3]
    fixed = diagnose(heads(size=Ends(eval(rescaling, {"keras": keras}))), size=data()[1]["size"] + 60.0)
    assert not {"dominance", "drowned"} & set(found(fixed, "error", "warning", "hint"))
