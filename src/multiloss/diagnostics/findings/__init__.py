"""The checks, each of which registers itself: their order here is that of their findings within a severity."""

# ruff: noqa: I001
from . import _nonfinite as _nonfinite
from . import _labels as _labels
from . import _connected as _connected
from . import _classes as _classes
from . import _distances as _distances
from . import _activation as _activation
from . import _numbers as _numbers
from . import _dominance as _dominance
from . import _conflict as _conflict
from . import _duplicates as _duplicates
from . import _dead_output as _dead_output
from . import _conditioning as _conditioning
from . import _inputs as _inputs
from . import _uncalibrated as _uncalibrated
from . import _sharing as _sharing
