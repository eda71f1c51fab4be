"""L2: what is measured: each term is a named number to make small, with what it reads and how it is reduced."""

from ..masks import balanced_class_weight as balanced_class_weight
from ._batch import Batch as Batch
from ._batch import TermValue as TermValue
from ._constraint import Constraint as Constraint
from ._deep_supervision import deep_supervision as deep_supervision
from ._description import Description as Description
from ._faults import FAULT_SIZE as FAULT_SIZE
from ._faults import NO_FAULT as NO_FAULT
from ._faults import fault_error as fault_error
from ._faults import first_fault as first_fault
from ._feature_penalty import FeaturePenalty as FeaturePenalty
from ._joint import Joint as Joint
from ._loss_function import BY_SHAPE as BY_SHAPE
from ._output_penalty import OutputPenalty as OutputPenalty
from ._term import Term as Term
from ._weight_penalty import WeightPenalty as WeightPenalty
