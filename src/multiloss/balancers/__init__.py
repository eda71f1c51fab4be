"""All balancers by name, whether they read losses or gradients; the classes are in `weighting` and `aggregation`."""

from .. import aggregation as _aggregation  # noqa: F401
from .. import weighting as _weighting  # noqa: F401
from ._lookup import deserialize as deserialize
from ._lookup import get as get
from ._lookup import names as names
from ._lookup import serialize as serialize
