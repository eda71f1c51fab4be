"""One training of a problem with one contender: its start, its data, its budget, its result, and how it is kept."""

from ._balancing_bytes import balancing_bytes as balancing_bytes
from ._batches import first_samples as first_samples
from ._batches import is_arrays as is_arrays
from ._budget import NO_END as NO_END
from ._budget import Budget as Budget
from ._budget import make_budget as make_budget
from ._callbacks import TimeLimit as TimeLimit
from ._contender import Contender as Contender
from ._curves import Curve as Curve
from ._curves import curve as curve
from ._curves import share as share
from ._curves import still_falling as still_falling
from ._curves import term_names as term_names
from ._fingerprint import describe as describe
from ._fingerprint import digest as digest
from ._fingerprint import digest_arrays as digest_arrays
from ._fingerprint import digest_data as digest_data
from ._initial_model import InitialModel as InitialModel
from ._run import Run as Run
from ._samples import Samples as Samples
from ._samples import name_arrays as name_arrays
from ._settings import displayed_settings as displayed_settings
from ._settings import settings_digest as settings_digest
from ._store import RunStore as RunStore
from ._train import Trained as Trained
from ._train import train as train
