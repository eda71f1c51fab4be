"""Convex problems on a Gramian, solved by fixed-iteration array code that compiles on every backend."""

from ._dual_cone import lower_bounded_quadratic as lower_bounded_quadratic
from ._interior_point import nonnegative_quadratic as nonnegative_quadratic
from ._min_norm import min_norm_point as min_norm_point
