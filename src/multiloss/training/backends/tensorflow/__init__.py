"""The training step on TensorFlow."""

from ...step import Replicas as Replicas
from ._derivatives import matrix_derivatives as matrix_derivatives
from ._program import Program as Program
