"""What a trainer reads: its data, batch by batch."""

from ._data import BATCH_SIZE as BATCH_SIZE
from ._data import Batches as Batches
from ._data import as_arrays as as_arrays
from ._data import is_arrays as is_arrays
from ._data import rows_of as rows_of
from ._data import shuffled as shuffled
