"""L3: the only place that knows `keras.Model`: trains the user's model with terms and a balancer."""

from ._derivatives import derivatives as derivatives
from .backends import check_alone as check_alone
from .model import FitObserver as FitObserver
from .model import MultiLossModel as MultiLossModel
from .model import Probe as Probe
from .model import compile as compile
from .model import evaluation_log_names as evaluation_log_names
from .model import load as load
from .model import metrics_up_to_one as metrics_up_to_one
from .model import probe_changed as probe_changed
from .step import bytes_of as bytes_of
from .step import rows_held as rows_held
