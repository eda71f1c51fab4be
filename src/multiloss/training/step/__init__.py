"""One training step: measure, balance, differentiate, check, and what a backend owes to it."""

from ._balancing import Balancing as Balancing
from ._gradients import Step as Step
from ._gradients import differentiate as differentiate
from ._guard import Guard as Guard
from ._guard import GuardReader as GuardReader
from ._guard import check_mode as check_mode
from ._history import check_schedules as check_schedules
from ._linearized import Forward as Forward
from ._linearized import Linearized as Linearized
from ._objective import Objective as Objective
from ._plan import StepPlan as StepPlan
from ._program import Host as Host
from ._program import StepProgram as StepProgram
from ._progress import check_progress as check_progress
from ._replicas import Replicas as Replicas
from ._replicas import fingerprint as fingerprint
from ._replicas import join as join
from ._replicas import together as together
from ._rows_held import RowsHeld as RowsHeld
from ._rows_held import bytes_of as bytes_of
from ._rows_held import rows_held as rows_held
from ._writing_program import WritingProgram as WritingProgram
