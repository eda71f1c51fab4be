"""What runs over several seeds say: changes, means with intervals, tests, ranks, and a verdict."""

from ._improvement import improvement as improvement
from ._interval import BOOTSTRAP as BOOTSTRAP
from ._interval import CONFIDENCE as CONFIDENCE
from ._interval import CORRECTION as CORRECTION
from ._interval import METHOD as METHOD
from ._interval import Estimate as Estimate
from ._interval import estimate as estimate
from ._interval import p_value as p_value
from ._mean_rank import mean_ranks as mean_ranks
from ._multiple import holm as holm
from ._seeds_needed import seeds_needed as seeds_needed
from ._spread import Quartiles as Quartiles
from ._spread import overlap as overlap
from ._spread import quartiles as quartiles
from ._t_distribution import t_distribution as t_distribution
from ._verdict import Evidence as Evidence
from ._verdict import between as between
from ._verdict import sentence as sentence
from ._verdict import verdict as verdict
