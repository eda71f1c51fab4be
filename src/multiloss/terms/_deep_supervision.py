"""Deep supervision: several outputs learn the same target, the deeper ones with less weight."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

from .._core.errors import invalid
from ._term import Term


def deep_supervision(
    loss: Any,
    outputs: Sequence[str],
    *,
    target: str | Sequence[str],
    decay: float = 0.5,
    normalize: bool = True,
) -> tuple[dict[str, Term], dict[str, float]]:
    """The entries of `loss=` and `loss_weights=` for several outputs with one target.

    The output at place i weighs decay^i, divided by the sum of all weights when `normalize` is set. The weights are
    ordinary user's weights: logged, scheduled and changed as any other.

    Args:
        loss: a name, a loss object, a function, or a `Term` whose other arguments (`missing`, `mask`, ...) serve all.
        outputs: the outputs' names, the one that matters most first.
        target: the key in `y` that all of them learn, or one key for each output, when the targets differ in size. An
            output that is smaller than its target raises an error: enlarge it in the model, or give it a smaller
            target.
        decay: the ratio of two neighbouring weights, above 0.
        normalize: the weights sum to 1, so that the whole counts as one loss.

    Returns:
        The terms and the weights, both by output name.

    Raises:
        ValueError: for no outputs, one named twice, or a decay that is not above 0.

    Example:
        >>> import multiloss as ml
        >>> losses, weights = ml.deep_supervision("mse", ["fine", "middle", "coarse"], target="mask")
        >>> {name: round(weight, 4) for name, weight in weights.items()}
        {'fine': 0.5714, 'middle': 0.2857, 'coarse': 0.1429}
        >>> losses["coarse"].target
        'mask'

    References: Lee et al., Deeply-Supervised Nets, 2015, arXiv:1409.5185; weights halved by depth and normalised as in
    Isensee et al., nnU-Net, 2021, doi:10.1038/s41592-020-01008-z.
    """
    names = [outputs] if isinstance(outputs, str) else list(outputs)
    if not names or len(set(names)) != len(names):
        raise invalid("`outputs` must name each output once", received=outputs)
    if not 0 < decay < math.inf:
        raise invalid(
            "`decay` must be a number above 0", received=decay, fix="Leave an output out to give it no weight."
        )
    targets = [target] * len(names) if isinstance(target, str) else list(target)
    if len(targets) != len(names):
        raise invalid("`target` must be one key, or one for each output", received=target)
    term = loss if isinstance(loss, Term) else Term(loss)
    raw = [float(decay) ** index for index in range(len(names))]
    total = sum(raw) if normalize else 1.0
    losses = {
        name: dataclasses.replace(term, output=name, target=key) for name, key in zip(names, targets, strict=True)
    }
    return losses, {name: weight / total for name, weight in zip(names, raw, strict=True)}
