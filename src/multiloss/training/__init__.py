"""L3: the only place that knows `keras.Model`: trains the user's model with terms and a balancer."""

from ._callbacks import FitObserver as FitObserver
from ._compile import compile as compile
from ._derivatives import derivatives as derivatives
from ._keras_seams import batches as batches
from ._model import MultiLossModel as MultiLossModel
