"""multiloss: train Keras 3 models that have more than one loss, on TensorFlow, JAX and PyTorch."""

from ._core.optional import missing_backend as _missing_backend
from ._core.startup import quiet_start as _quiet_start

if (_problem := _missing_backend()) is None:
    with _quiet_start():
        import keras as _keras  # noqa: F401
    from . import aggregation as aggregation
    from . import balancers as balancers
    from . import callbacks as callbacks
    from . import losses as losses
    from . import problems as problems
    from . import reporting as reporting
    from . import scales as scales
    from . import schedules as schedules
    from . import testing as testing
    from . import weighting as weighting
    from ._core.balancer import Balancer as Balancer
    from ._core.balancer import Needs as Needs
    from ._core.balancer import Signals as Signals
    from ._core.registry import register as register
    from .diagnostics import diagnose as diagnose
    from .experiments import compare as compare
    from .experiments.tuning import tune as tune
    from .experiments.tuning import tuning_space as tuning_space
    from .problems import Problem as Problem
    from .problems import Score as Score
    from .terms import Constraint as Constraint
    from .terms import FeaturePenalty as FeaturePenalty
    from .terms import Joint as Joint
    from .terms import OutputPenalty as OutputPenalty
    from .terms import Term as Term
    from .terms import WeightPenalty as WeightPenalty
    from .terms import balanced_class_weight as balanced_class_weight
    from .terms import deep_supervision as deep_supervision
    from .training import MultiLossModel as MultiLossModel
    from .training import compile as compile
    from .training import derivatives as derivatives
    from .training import load as load
else:

    def __getattr__(name: str) -> object:
        """Says what to install; an absent backend is an error on use, never on import."""
        if name.startswith("__"):
            raise AttributeError(name)
        raise ImportError(_problem)


__version__ = "0.1.0"
