"""Which labels count, with what weight, and what stands safely in the place of those that do not.

One place for losses, metrics and `diagnose` alike: NumPy arrays in, NumPy arrays out; tensors in, tensors out.
"""

from ._balanced import balanced_class_weight as balanced_class_weight
from ._class_weights import as_class_weight as as_class_weight
from ._class_weights import class_weights as class_weights
from ._counting import counting as counting
from ._labels import Labels as Labels
from ._missing import as_missing as as_missing
from ._safe import safe_prediction as safe_prediction
from ._safe import safe_target as safe_target
from ._shapes import combine as combine
from ._shapes import shrink as shrink
from ._shapes import spread as spread
from ._shapes import whole as whole
from ._weights import LARGEST_WEIGHT as LARGEST_WEIGHT
from ._weights import product_of_weights as product_of_weights
