"""Its presence puts this folder on the import path, so that every test finds `backend`."""

import keras
import pytest

import shapes

shapes.install()  # before anything of multiloss is imported

# It starts fastest.
THE_ONE = "torch"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Tests whose subject is not the backend run once, on PyTorch: pages, processes, statistics."""
    if keras.backend.backend() == THE_ONE:
        return
    dropped = [item for item in items if item.get_closest_marker("one_backend")]
    config.hook.pytest_deselected(items=dropped)
    items[:] = [item for item in items if item not in set(dropped)]
