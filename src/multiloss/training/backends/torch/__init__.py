"""The training step on PyTorch."""

from ._derivatives import matrix_derivatives as matrix_derivatives
from ._program import Program as Program
from ._replicas import Processes

Replicas = Processes
