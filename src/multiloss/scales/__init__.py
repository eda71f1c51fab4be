"""Detached numbers by which losses are divided."""

from ._constant import Constant as Constant
from ._resolve import resolve_scale as resolve_scale
from ._running_mean import RunningMean as RunningMean
from ._targets import MaxAbsTarget as MaxAbsTarget
from ._targets import TargetRange as TargetRange
from ._targets import TargetVariance as TargetVariance
