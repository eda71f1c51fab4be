"""Searches the weights of the losses, a balancer and its parameters; Optuna chooses the points."""

from ._candidate import Candidate as Candidate
from ._confirm import CONFIRMATION as CONFIRMATION
from ._front import hypervolume as hypervolume
from ._front import knee as knee
from ._front import non_dominated as non_dominated
from ._progress import TuningProgress as TuningProgress
from ._record import TrialRecord as TrialRecord
from ._samplers import METHODS as METHODS
from ._search import KINDS as KINDS
from ._search import read_search as read_search
from ._storage import check_storage as check_storage
from ._storage import storage_url as storage_url
from ._terms import look as look
from ._tune import CONFIRM_SEEDS as CONFIRM_SEEDS
from ._tune import tune as tune
from ._tuning import Tuning as Tuning
from ._weights import tuning_space as tuning_space
from ._workers import WorkersEnded as WorkersEnded
