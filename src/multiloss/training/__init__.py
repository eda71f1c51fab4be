"""L3: the only place that knows `keras.Model`: trains the user's model with terms and a balancer."""

from ._compile import compile as compile
from ._derivatives import derivatives as derivatives
from ._model import MultiLossModel as MultiLossModel
