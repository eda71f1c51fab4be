"""Convex problems on a Gramian, solved by array code of a fixed length that compiles on every backend."""

from ._dual_cone import lower_bounded_quadratic as lower_bounded_quadratic
from ._dual_cone import mean_projection as mean_projection
from ._fair_point import fair_point as fair_point
from ._interior_point import nonnegative_quadratic as nonnegative_quadratic
from ._min_norm import min_norm_point as min_norm_point
from ._one_hard import one_hard_many_soft as one_hard_many_soft
from ._spectrum import apply_power as apply_power
from ._spectrum import spectrum as spectrum
from ._worst_in_ball import worst_in_ball as worst_in_ball
