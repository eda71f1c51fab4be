"""What is trained when nothing else is said: the `Problem` and the built-in ones."""

from ._digits import digits as digits
from ._problem import Problem as Problem
