"""What is trained when nothing else is said: the `Problem` and the built-in ones."""

from ._digits import digits as digits
from ._fresh_names import with_fresh_names as with_fresh_names
from ._problem import Problem as Problem
from ._score import Score as Score
