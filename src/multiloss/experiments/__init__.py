"""Try balancers side by side, from the same starts and on the same data, and say which differ."""

from ._compare import compare as compare
from .comparison import CompareProgress as CompareProgress
from .comparison import Comparison as Comparison
from .comparison import ContenderSummary as ContenderSummary
from .comparison import Statement as Statement
from .comparison import contenders as contenders
from .defaults import BALANCERS as BALANCERS
from .defaults import EPOCHS as EPOCHS
from .defaults import SEEDS as SEEDS
from .runs import Contender as Contender
from .runs import Curve as Curve
from .runs import Run as Run
from .runs import Samples as Samples
from .runs import make_budget as make_budget
from .statistics import Estimate as Estimate
