"""What a step logs: the record, the tracker of the terms, and the metrics."""

from ._labels import metric_masks as metric_masks
from ._log_owners import check_log_owners as check_log_owners
from ._metrics import OutputMetrics as OutputMetrics
from ._record import StepRecord as StepRecord
from ._record import TermSums as TermSums
from ._record import Totals as Totals
from ._tracker import TermTracker as TermTracker
