"""What a step compiles to on JAX: loops that differ by the place of a term alone must be one loop to XLA."""

import keras
import numpy as np
import pytest

pytestmark = pytest.mark.skipif(keras.backend.backend() != "jax", reason="how XLA compiles entries of a vector")


def test_the_entries_of_a_vector_are_exact_and_none_touches_another():
    import jax

    from multiloss.training.backends.jax._entries import entries

    vector = np.array([0.1, np.nan, -3e38, np.inf, 1e-30], "float32")
    np.testing.assert_array_equal(np.array(jax.jit(entries)(vector)), vector)


def test_no_entry_is_a_slice_at_a_place_of_its_own():
    import jax

    from multiloss.training.backends.jax._entries import entries

    vector = np.ones(20, "float32")
    scaled = jax.jit(lambda vector, block: [entry * block for entry in entries(vector)])
    text = scaled.lower(vector, np.ones((64, 1), "float32")).as_text()
    assert "stablehlo.slice" not in text
