"""Weights that move with the step, the epoch, the last losses or the epoch logs."""

from .._core.schedule import Schedule as Schedule
from .._core.schedule import TrainingProgress as TrainingProgress
from ._constant import Constant as Constant
from ._cosine import Cosine as Cosine
from ._cyclical import Cyclical as Cyclical
from ._exponential import Exponential as Exponential
from ._linear import Linear as Linear
from ._lookup import deserialize as deserialize
from ._lookup import get as get
from ._lookup import names as names
from ._lookup import serialize as serialize
from ._piecewise import Piecewise as Piecewise
from ._step import Step as Step
from ._when import When as When
