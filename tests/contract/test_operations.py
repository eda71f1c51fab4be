"""PyTorch: how many operations the weights of a step cost; each is a call, and on a GPU a launch, however small it is.

Counted, not timed: `TorchDispatchMode` sees every one, views and constants included.
"""

import keras
import numpy as np
import pytest

from multiloss._core.registry import members
from multiloss.testing._inputs import make_inputs
from multiloss.testing._runs import Run, accepted_sizes

pytestmark = pytest.mark.skipif(keras.backend.backend() != "torch", reason="elsewhere the weights are one program")
# Where more than `MOST` are known, about a tenth above what is counted: at 2, at 8 and at 20 terms.
MOST = 115
KNOWN = {
    "cagrad": (180, 180, 7000),
    "dual_proj": (120, 120, 1010),
    "famo": (195, 195, 195),
    "fairgrad": (330, 330, 330),
    "gradvac": (210, 640, 1500),
    "mgda": (120, 120, 1010),
    "nash_mtl": (330, 330, 330),
    "pcgrad": (110, 270, 580),
    "primary_first": (250, 250, 2100),
    "relobralo": (150, 150, 150),
    "upgrad": (110, 110, 1000),
}


@pytest.mark.parametrize("place", range(3), ids=["2", "8", "20"])
@pytest.mark.parametrize("entry", members("balancer"), ids=lambda entry: entry.name)
def test_the_weights_cost_few_operations(entry, place):
    from torch.utils._python_dispatch import TorchDispatchMode

    class Operations(TorchDispatchMode):
        count = 0

        def __torch_dispatch__(self, function, types, args=(), kwargs=None):
            self.count += 1
            return function(*args, **(kwargs or {}))

    balancer, terms = entry.cls(**entry.cases[0]), (2, 8, 20)[place]
    if terms not in accepted_sizes(balancer, [terms]):
        pytest.skip("given for another number of terms")
    inputs = make_inputs(balancer, np.random.default_rng(terms).normal(size=(terms, 30)))
    run = Run(balancer)
    _, state = run(inputs)
    with Operations() as operations:
        run(inputs, state)
    assert operations.count <= KNOWN.get(entry.name, (MOST,) * 3)[place]
