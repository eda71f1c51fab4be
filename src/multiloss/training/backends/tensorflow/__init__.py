"""The training step on TensorFlow."""

from ._derivatives import matrix_derivatives as matrix_derivatives
from ._program import Program as Program
from ._replicas import Mirrored
from ._replicas import check_alone as check_alone
from ._replicas import check_processes as check_processes
from ._replicas import written_by_one as written_by_one

Replicas = Mirrored
