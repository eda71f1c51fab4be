"""Detached numbers by which losses are divided."""

from ._calibrated import Calibrated as Calibrated
from ._constant import Constant as Constant
from ._initial import Initial as Initial
from ._lookup import deserialize as deserialize
from ._lookup import get as get
from ._lookup import names as names
from ._lookup import serialize as serialize
from ._running_max import RunningMax as RunningMax
from ._running_mean import RunningMean as RunningMean
from ._running_std import RunningStd as RunningStd
from ._targets import MaxAbsTarget as MaxAbsTarget
from ._targets import TargetRange as TargetRange
from ._targets import TargetVariance as TargetVariance
