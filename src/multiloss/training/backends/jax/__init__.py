"""The training step on JAX."""

from ...step import Replicas as Replicas
from ._derivatives import matrix_derivatives as matrix_derivatives
from ._processes import check_alone as check_alone
from ._processes import check_processes as check_processes
from ._processes import devices_of_a_batch as devices_of_a_batch
from ._processes import parts_of_a_batch as parts_of_a_batch
from ._processes import written_by_one as written_by_one
from ._program import Program as Program
