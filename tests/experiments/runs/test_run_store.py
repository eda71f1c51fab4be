"""Finished runs on disk."""

import numpy as np
import pytest

from multiloss._core.stored import StorageWarning
from multiloss.experiments import Run
from multiloss.experiments.runs._store import RunStore
from multiloss.experiments.runs._train import Trained

pytestmark = pytest.mark.one_backend

RUN = Run("a b/c", 3, {"mae": 1.0}, history={"loss": [1.0]}, settings="abc")


def test_a_run_comes_back_with_its_predictions(tmp_path):
    store = RunStore(tmp_path)
    store.keep(Trained(RUN, {"x/y": np.ones((2, 3))}))
    assert RunStore(tmp_path).find("a b/c", 3, "abc") == RUN
    np.testing.assert_array_equal(store.predictions("a b/c", 3, "abc")["x/y"], np.ones((2, 3)))


def test_other_settings_find_nothing_and_destroy_nothing(tmp_path):
    store = RunStore(tmp_path)
    store.keep(Trained(RUN, {}))
    for key in (("a b/c", 3, "other"), ("a b/c", 4, "abc"), ("d", 3, "abc")):
        assert store.find(*key) is None
        assert store.predictions(*key) == {}
    store.keep(Trained(Run("a b/c", 3, {"mae": 2.0}, settings="other"), {}))
    assert store.find("a b/c", 3, "abc") == RUN


def test_failed_and_unreadable_runs_are_run_again(tmp_path):
    store = RunStore(tmp_path)
    store.keep(Trained(Run("a", 0, error="ValueError: no", settings="abc"), {}))
    assert store.find("a", 0, "abc") is None
    store.keep(Trained(Run("b", 0, settings="abc"), {}))
    assert store.find("b", 0, "abc") is not None
    next((tmp_path / "runs").glob("b-*.json")).write_text('{"half": ')
    with pytest.warns(StorageWarning, match=r"is damaged.*set aside as b-seed0-abc\.json\.unreadable"):
        assert store.find("b", 0, "abc") is None


def test_without_a_folder_nothing_is_kept():
    store = RunStore(None)
    store.keep(Trained(RUN, {"x": np.ones(1)}))
    assert store.find("a b/c", 3, "abc") is None
