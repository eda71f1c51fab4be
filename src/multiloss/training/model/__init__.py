"""`MultiLossModel`: what Keras must find on a model; the step itself is in the program that it holds."""

from ._callbacks import FitObserver as FitObserver
from ._compile import compile as compile
from ._load import load as load
from ._log_names import evaluation_log_names as evaluation_log_names
from ._log_names import metrics_up_to_one as metrics_up_to_one
from ._model import MultiLossModel as MultiLossModel
from ._probe import Probe as Probe
from ._probe import probe_changed as probe_changed
