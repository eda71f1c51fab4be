"""Balancers that read loss values only: one backward pass."""

from ._cov import CoV as CoV
from ._dynamic_task_priority import DynamicTaskPriority as DynamicTaskPriority
from ._dynamic_weight_average import DynamicWeightAverage as DynamicWeightAverage
from ._famo import FAMO as FAMO
from ._fixed import Fixed as Fixed
from ._geometric_mean import GeometricMean as GeometricMean
from ._imtl_l import IMTLL as IMTLL
from ._log_sum import LogSum as LogSum
from ._random_weighting import RandomWeighting as RandomWeighting
from ._relobralo import ReLoBRaLo as ReLoBRaLo
from ._smooth_tchebycheff import SmoothTchebycheff as SmoothTchebycheff
from ._smoothed import Smoothed as Smoothed
from ._soft_adapt import SoftAdapt as SoftAdapt
from ._tchebycheff import Tchebycheff as Tchebycheff
from ._uncertainty import Uncertainty as Uncertainty
from ._uncertainty_regularized import UncertaintyRegularized as UncertaintyRegularized
from ._uncertainty_softmax import UncertaintySoftmax as UncertaintySoftmax
