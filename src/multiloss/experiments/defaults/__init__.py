"""What `compare` and `tune` have in common before anything is trained: values and the checks of arguments."""

from ._arguments import Reporter as Reporter
from ._arguments import check_integer as check_integer
from ._values import BALANCERS as BALANCERS
from ._values import EPOCHS as EPOCHS
from ._values import FIXED as FIXED
from ._values import SEEDS as SEEDS
from ._values import TUNED as TUNED
