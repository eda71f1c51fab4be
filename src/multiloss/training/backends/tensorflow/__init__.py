"""The training step on TensorFlow."""

from ._replicas import Mirrored

Replicas = Mirrored
from ._derivatives import matrix_derivatives as matrix_derivatives
from ._program import Program as Program
