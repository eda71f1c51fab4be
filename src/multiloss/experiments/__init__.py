"""Try balancers side by side, from the same starts and on the same data, and say which differ."""

from ._budget import make_budget as make_budget
from ._claims import Claim as Claim
from ._compare import BALANCERS as BALANCERS
from ._compare import EPOCHS as EPOCHS
from ._compare import SEEDS as SEEDS
from ._compare import compare as compare
from ._comparison import Comparison as Comparison
from ._contenders import Contender as Contender
from ._contenders import contenders as contenders
from ._curves import Curve as Curve
from ._interval import Estimate as Estimate
from ._progress import Progress as Progress
from ._run import Run as Run
from ._samples import Samples as Samples
from ._standing import Standing as Standing
