"""JAX keeps an entry in a cache for every `einsum` that was traced, as long as the process lives."""

from pathlib import Path

import pytest

import multiloss

pytestmark = pytest.mark.one_backend


def test_no_source_calls_einsum():
    files = Path(multiloss.__file__).parent.rglob("*.py")
    assert [path.name for path in files if "einsum(" in path.read_text(encoding="utf-8")] == []
