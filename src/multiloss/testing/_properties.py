"""Searches for an input on which a balancer lacks a property."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from .._core.balancer import Balancer, Needs
from .._core.errors import unknown_name
from .._core.properties import PROPERTIES
from ._inputs import STEPS, Inputs, make_inputs
from ._loss_samplers import sample_losses
from ._runs import Compiler, Run, accepted_sizes
from ._samplers import Sample, sample_gradients

# Float32 Gramians know a combined gradient to about 3e-4 of the longest row, and the weights may sum to K.
TOLERANCE = 3e-3
# A memory of gradients is tried on fewer steps: each has a solver in it.
GRADIENT_STEPS = 3
# More terms show no more of a balancer that reads losses only.
SIZES, GRADIENT_SIZES = (2, 3), (2, 3, 6)
SEEDS = (0, 1)


def find_counterexample(
    balancer: Balancer, name: str, *, compile: Compiler | None = None, num_terms: Sequence[int] | None = None
) -> str | None:
    """Describes an input on which the balancer lacks a property; None when the samplers find no such input.

    Args:
        balancer: any object of the interface.
        name: one of `multiloss._core.properties.PROPERTIES`.
        compile: such as `jax.jit` or `tf.function`, to run it faster.
        num_terms: the numbers of terms to try; None for some small ones.

    Example:
        >>> from multiloss.aggregation import UPGrad
        >>> from multiloss.testing import find_counterexample
        >>> from multiloss.weighting import Fixed
        >>> find_counterexample(UPGrad(), "non_conflicting", num_terms=[2]) is None
        True
        >>> find_counterexample(Fixed(), "non_conflicting", num_terms=[2]) is None
        False
    """
    if name not in PROPERTIES:
        raise unknown_name("property", name, PROPERTIES)
    return Explorer(Run(balancer, compile), num_terms).counterexample(name)


class Explorer:
    """Runs a balancer over all samples, each once, for any number of questions.

    Args:
        run: the balancer, compiled or not.
        num_terms: the numbers of terms to try, None for some small ones; those that the balancer refuses are left out.
    """

    def __init__(self, run: Run, num_terms: Sequence[int] | None = None):
        self.run = run
        self.balancer = run.balancer
        if num_terms is None:
            num_terms = GRADIENT_SIZES if reads_gradients(run.balancer) else SIZES
        self.sizes = accepted_sizes(run.balancer, num_terms)
        self._weighed: dict[bytes, np.ndarray] = {}

    def counterexample(self, name: str) -> str | None:
        """See `find_counterexample`."""
        if name == "stateless":
            held = sorted(key for size in self.sizes for key in self.balancer.init(size))
            return f"it remembers {held[0]!r}" if held else None
        if name == "deterministic":
            shapes = [shape for size in self.sizes if (shape := self.balancer.noise_shape(size)) is not None]
            return f"it reads noise of shape {shapes[0]}" if shapes else None
        for case in self._cases():
            if (fault := _CHECKS[name](self, case)) is not None:
                return f"on the sample {case.sample.name!r} with {len(case.weights)} terms, {fault}"
        return None

    def weigh(self, inputs: Inputs) -> np.ndarray:
        """The weights after some steps, where the balancer has a memory; the same question is run once."""
        key = _key(inputs, self.balancer.needs is not Needs.LOSSES)
        if key not in self._weighed:
            self._weighed[key] = self.run(inputs, steps=memory(self.balancer, len(inputs.losses)))[0].astype(float)
        return self._weighed[key]

    def _cases(self) -> Iterator[Case]:
        """Every sampler of gradients in turn with every sampler of losses."""
        for size, seed in itertools.product(self.sizes, SEEDS):
            histories = itertools.cycle([sample.history for sample in sample_losses(size, STEPS, seed=seed)])
            for sample, history in zip(sample_gradients(size, seed), histories, strict=False):
                inputs = make_inputs(self.balancer, sample.jacobian, seed, history)
                yield Case(sample, inputs, self.weigh(inputs))


@dataclass(frozen=True)
class Case:
    """A sample, what the balancer read of it, and the weights that it gave."""

    sample: Sample
    inputs: Inputs
    weights: np.ndarray


def memory(balancer: Balancer, num_terms: int) -> int:
    """How many steps to run: one is enough for a balancer that remembers nothing."""
    if not balancer.init(num_terms):
        return 1
    return GRADIENT_STEPS if reads_gradients(balancer) else STEPS


def _key(inputs: Inputs, with_gradients: bool) -> bytes:
    """All that the balancer reads."""
    read = [inputs.losses, inputs.present, inputs.history, inputs.response, inputs.noise, inputs.monitored]
    if with_gradients:
        read.append(inputs.gramian)
    return b"|".join(np.asarray(array).tobytes() for array in read if array is not None)


def longest(gramian: np.ndarray) -> float:
    """The length of the longest gradient; 1 where all are zero."""
    return float(np.sqrt(np.max(np.diagonal(gramian)))) or 1.0


def distance(weights: np.ndarray, others: np.ndarray, gramian: np.ndarray, reads_gradients: bool) -> float:
    """How far apart two weightings are.

    For a balancer that reads gradients, weights may differ and still be the same update: the length of the difference
    of the combined gradients counts, over the longest row's. Where opposing gradients make the weights' sum ambiguous,
    so is the update's length under `"sum_to_k"`: up to 25 % of it is forgiven, of its direction nothing. For the
    other balancers, the largest difference of a weight counts.
    """
    if not reads_gradients:
        return float(np.max(np.abs(weights - others)))
    square = others @ gramian @ others
    ratio = np.clip(weights @ gramian @ others / square, 0.8, 1.25) if square > 0 else 1.0
    difference = weights - ratio * others
    return float(np.sqrt(max(difference @ gramian @ difference, 0.0))) / longest(gramian)


def reads_gradients(balancer: Balancer) -> bool:
    """Whether the balancer's weights may depend on the Gramian."""
    return balancer.needs is Needs.GRAMIAN


def _non_negative(explorer: Explorer, case: Case) -> str | None:
    return f"a weight is {case.weights.min():.3g}" if case.weights.min() < 0 else None


def _non_conflicting(explorer: Explorer, case: Case) -> str | None:
    rows = case.sample.jacobian
    lengths = np.linalg.norm(rows, axis=1)
    products = rows @ (case.weights @ rows) / np.where(lengths > 0, lengths, 1.0)
    worst = products.min() / longest(case.inputs.gramian)
    return f"the combined gradient goes {-worst:.3g} against a term's" if worst < -TOLERANCE else None


def _stops_when_stationary(explorer: Explorer, case: Case) -> str | None:
    if not case.sample.stationary:
        return None
    length = np.linalg.norm(case.weights @ case.sample.jacobian) / longest(case.inputs.gramian)
    return f"the combined gradient has length {length:.3g}" if length > TOLERANCE else None


def _permutation_equivariant(explorer: Explorer, case: Case) -> str | None:
    order = np.roll(np.arange(len(case.weights)), 1)
    moved = case.inputs.selected(order)
    return _differs(explorer, case.weights[order], explorer.weigh(moved), moved.gramian, "reordering")


def _scale_invariant(explorer: Explorer, case: Case) -> str | None:
    scaled = explorer.weigh(case.inputs.scaled(2.0**-10))
    return _differs(explorer, _shares(case.weights), _shares(scaled), case.inputs.gramian, "multiplying all by 2^-10")


def _term_scale_invariant(explorer: Explorer, case: Case) -> str | None:
    factors = np.where(np.arange(len(case.weights)) == 0, 5.0, 1.0)
    scaled = explorer.weigh(case.inputs.scaled(factors)) * factors
    return _differs(explorer, _shares(case.weights), _shares(scaled), case.inputs.gramian, "multiplying one term by 5")


def _shares(weights: np.ndarray) -> np.ndarray:
    total = np.sum(np.abs(weights))
    return weights / total if total > 0 else weights


def _differs(explorer: Explorer, weights: np.ndarray, others: np.ndarray, gramian: np.ndarray, what: str) -> str | None:
    far = distance(weights, others, gramian, reads_gradients(explorer.balancer))
    return f"{what} moves the weights by {far:.3g}" if far > TOLERANCE else None


_CHECKS: dict[str, Callable[[Explorer, Case], str | None]] = {
    "non_negative": _non_negative,
    "non_conflicting": _non_conflicting,
    "stops_when_stationary": _stops_when_stationary,
    "permutation_equivariant": _permutation_equivariant,
    "scale_invariant": _scale_invariant,
    "term_scale_invariant": _term_scale_invariant,
}
