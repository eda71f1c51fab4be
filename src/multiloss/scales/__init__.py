"""Detached numbers by which losses are divided."""

from ._constant import Constant as Constant
from ._initial import Initial as Initial
from ._pass import Pass as Pass
from ._resolve import resolve_scale as resolve_scale
from ._running_max import RunningMax as RunningMax
from ._running_mean import RunningMean as RunningMean
from ._running_std import RunningStd as RunningStd
from ._targets import MaxAbsTarget as MaxAbsTarget
from ._targets import TargetRange as TargetRange
from ._targets import TargetVariance as TargetVariance
