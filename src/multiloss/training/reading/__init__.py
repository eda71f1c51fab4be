"""What the user wrote, by name: data, terms, weights, outputs, targets, and the variables that hold them."""

from ._arguments import check_numbers as check_numbers
from ._arguments import read_data as read_data
from ._bound import BoundTerm as BoundTerm
from ._bound import WeightHandle as WeightHandle
from ._data import BATCH_SIZE as BATCH_SIZE
from ._data import Batches as Batches
from ._data import as_arrays as as_arrays
from ._data import is_arrays as is_arrays
from ._data import rows_of as rows_of
from ._data import shuffled as shuffled
from ._features import Observed as Observed
from ._features import feature_model as feature_model
from ._frames import columns_of as columns_of
from ._masked_arrays import refuse_masked as refuse_masked
from ._names import Names as Names
from ._outputs import by_name as by_name
from ._outputs import declared_outputs as declared_outputs
from ._specification import REGULARIZATION as REGULARIZATION
from ._specification import Specified as Specified
from ._specification import apply_weights as apply_weights
from ._specification import specify as specify
from ._state import TrainingState as TrainingState
from ._state import seed_states as seed_states
