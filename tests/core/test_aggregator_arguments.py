"""Arguments of balancers that read gradients: what says nothing is refused where it is written."""

import pytest

import multiloss as ml

pytestmark = pytest.mark.one_backend


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"wrt": "representation:"}, "`wrt` must match something.*representation:"),
        ({"wrt": ""}, "`wrt` must match something"),
        ({"shared": " "}, "`shared` must match something"),
        ({"groups": [[]]}, "`groups` must be a list of lists of terms"),
        ({"groups": ["mask"]}, "`groups` must be a list of lists of terms"),
        ({"groups": [1]}, "`groups` must be a list of lists of terms"),
    ],
)
def test_says_nothing(arguments, message):
    with pytest.raises(ValueError, match=message):
        ml.aggregation.PCGrad(**arguments)
