"""Balancers that read gradients: K backward passes, or K short ones."""

from .._core.aggregator import Aggregator as Aggregator
from ._functional import aggregate as aggregate
from ._functional import solve as solve
from ._mgda import MGDA as MGDA
from ._pcgrad import PCGrad as PCGrad
from ._upgrad import UPGrad as UPGrad
