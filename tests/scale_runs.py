"""Follows a scale over some observations."""

from __future__ import annotations

from keras import ops


def follow(scale, observations):
    """The divisors of some steps, and the last state."""
    state, divisors = scale.init(), []
    for observation in observations:
        divisor, state = scale.divisor(observation, state)
        divisors.append(float(divisor))
    return divisors, {name: ops.convert_to_numpy(value) for name, value in state.items()}
