"""L2: what is measured: each term is a named number to make small, with what it reads and how it is reduced."""

from ._batch import Batch as Batch
from ._batch import TermValue as TermValue
from ._description import Description as Description
from ._joint import Joint as Joint
from ._output_penalty import OutputPenalty as OutputPenalty
from ._term import Term as Term
from ._weight_penalty import WeightPenalty as WeightPenalty
