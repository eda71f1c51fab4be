"""A step that is not finite leaves every variable bit for bit as it was: weights, slots, balancer, scales, seeds."""

import keras
import numpy as np
import pytest
from every_member import EVERY_MEMBER
from models import data, joint_losses, member_of_three_terms, two_heads

import multiloss as ml
from multiloss._core.registry import members

# After-update losses and noise stand for the others where not all are tried.
NAMES = [None, *(entry.name for entry in members("balancer"))] if EVERY_MEMBER else ["famo", "pcgrad"]


def _trainer(name, mode):
    loss = {**joint_losses(), "value": ml.Term("mse", scale="running_mean")}
    loss["bounded"] = ml.Constraint(ml.OutputPenalty("l2", output="value"), 0.01)
    return ml.compile(
        two_heads(norm=True, dropout=0.3, regularizer="l2"),
        keras.optimizers.Adam(0.01),
        loss=loss,
        loss_weights={"label": ml.schedules.Linear(1.0, 0.5, steps=9)},
        balancer=None if name is None else member_of_three_terms(name),
        on_nonfinite=mode,
    )


def _all(trainer):
    """Every variable by its place, but those of the logs and the guard's own flag."""
    kept = [*trainer.variables, *trainer.optimizer.variables]
    own = {id(each) for each in trainer.metrics_variables}
    own |= {id(trainer.state[key]) for key in trainer.state.keys if key.startswith("guard")}
    return {
        f"{place} {each.path}": np.array(keras.ops.convert_to_numpy(each))
        for place, each in enumerate(kept)
        if id(each) not in own
    }


@pytest.mark.parametrize("mode", ["skip", "raise"])
@pytest.mark.parametrize("name", NAMES)
def test_nothing_moves_but_the_flag(name, mode):
    trainer = _trainer(name, mode)
    x, y = data(32)
    good, bad = ({key: each[part].copy() for key, each in y.items()} for part in (slice(16), slice(16, 32)))
    bad["value"][3, 1] = np.inf
    trainer.train_on_batch(x[:16], good)
    before = _all(trainer)
    if mode == "skip":
        trainer.train_on_batch(x[16:], bad)
        assert trainer.skipped_steps == 1
    else:
        with pytest.raises(ValueError, match="term 'value' is not finite in step 1"):
            trainer.train_on_batch(x[16:], bad)
    after = _all(trainer)
    assert len(before) > 20
    for place, value in before.items():
        assert after[place].tobytes() == value.tobytes(), place
    # The same step with good labels does move: the comparison sees something.
    trainer.train_on_batch(x[:16], good)
    assert sum(_all(trainer)[place].tobytes() != value.tobytes() for place, value in before.items()) > 10
