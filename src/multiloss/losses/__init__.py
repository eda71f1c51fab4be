"""Losses with one value for each sample, as Keras `Loss` classes."""

from ._binary_focal import BinaryFocal as BinaryFocal
from ._boundary import Boundary as Boundary
from ._boundary import distance_map as distance_map
from ._categorical_focal import CategoricalFocal as CategoricalFocal
from ._circular import Circular as Circular
from ._dice import Dice as Dice
from ._distance_maps import add_distance_maps as add_distance_maps
from ._focal_tversky import FocalTversky as FocalTversky
from ._generalized_dice import GeneralizedDice as GeneralizedDice
from ._lookup import deserialize as deserialize
from ._lookup import get as get
from ._lookup import names as names
from ._lookup import serialize as serialize
from ._ordinal import Ordinal as Ordinal
from ._quantile import Quantile as Quantile
from ._scaled_mse import ScaledMSE as ScaledMSE
from ._tversky import Tversky as Tversky
from ._weighted_sum import WeightedSum as WeightedSum
from ._wing import Wing as Wing
