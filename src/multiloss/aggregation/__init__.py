"""Balancers that read gradients: K backward passes, or K short ones."""

from .._core.aggregator import Aggregator as Aggregator
from ._aligned_mtl import AlignedMTL as AlignedMTL
from ._cagrad import CAGrad as CAGrad
from ._config import ConFIG as ConFIG
from ._db_mtl import DBMTL as DBMTL
from ._dual_proj import DualProj as DualProj
from ._encodec import EncodecBalancer as EncodecBalancer
from ._fairgrad import FairGrad as FairGrad
from ._functional import aggregate as aggregate
from ._functional import solve as solve
from ._grad_norm import GradNorm as GradNorm
from ._gradvac import GradVac as GradVac
from ._imtl_g import IMTLG as IMTLG
from ._lr_annealing import LearningRateAnnealing as LearningRateAnnealing
from ._mgda import MGDA as MGDA
from ._nash_mtl import NashMTL as NashMTL
from ._pcgrad import PCGrad as PCGrad
from ._primary_first import PrimaryFirst as PrimaryFirst
from ._upgrad import UPGrad as UPGrad
