"""The contract of a balancer, checked on any object."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .._core.balancer import Balancer
from .._core.errors import invalid
from .._core.properties import PROPERTIES
from .._core.registry import entry_of
from . import _form, _meaning
from ._properties import Explorer
from ._runs import Compiler, Run, accepted_sizes
from ._subject import Subject

SIZES = (1, 2, 3, 20)


def check_balancer(
    balancer: Balancer,
    *,
    compile: Compiler | None = None,
    properties: Iterable[str] | None = None,
    num_terms: Sequence[int] = SIZES,
) -> None:
    """Checks that a balancer keeps the contract: for your own members, and for those of this library.

    It must come back from its config and through `keras.saving`; give K weights and a state of the same form, purely;
    give 0 to absent terms and leave their state, and solve the rest as if they were not there; be the identity for one
    term; sum to the number of terms; stay finite on zero, negative, steady, tiny and huge losses and gradients, and in
    the steps after them; give the same weights compiled; give the derivative of its `objective`, if it has one; not
    care for the units of the gradients, if it reads the Gramian; and have the properties that it claims. A registered
    member must also lack those that it does not claim, in one of its registered cases.

    It gets what it declares in `needs` and no more. One that remembers is run over several steps and epochs, in which
    the losses fall, rise, wander or stay, read again after each update if it asks for that.

    Args:
        balancer: the object.
        compile: such as `jax.jit`, `tf.function` or `torch.compile`; None leaves out that check.
        properties: the claims; None takes those of the registry, or none for an unregistered class.
        num_terms: the numbers of terms to try; those that `init` refuses with `ValueError` are left out.

    Raises:
        AssertionError: with one sentence that says which contract is broken.

    Example:
        >>> from multiloss.aggregation import PCGrad
        >>> from multiloss.testing import check_balancer
        >>> check_balancer(PCGrad(order="fixed"), num_terms=[2, 3])
    """
    sizes = accepted_sizes(balancer, num_terms)
    if not sizes:
        raise invalid("`num_terms` must hold a number of terms that the balancer accepts", received=list(num_terms))
    run = Run(balancer, compile)
    subject = Subject(balancer, run, compile, sizes)
    for check in (*_form.CHECKS, *_meaning.CHECKS):
        check(subject)
    _check_properties(run, compile, properties)


def _check_properties(run: Run, compile: Compiler | None, properties: Iterable[str] | None) -> None:
    """The claims, in both directions."""
    balancer = run.balancer
    entry = entry_of(type(balancer))
    claimed = set(properties if properties is not None else entry.properties if entry else ())
    name = type(balancer).__name__
    explorer = Explorer(run)
    for claim in sorted(claimed):
        found = explorer.counterexample(claim)
        if found is not None:
            raise AssertionError(f"{name} claims {claim!r} ({PROPERTIES[claim]}), but {found}.")
    if entry is None or properties is not None:
        return
    others = [case for case in entry.cases if entry.cls(**case).get_config() != balancer.get_config()]
    family = [explorer, *(Explorer(Run(entry.cls(**case), compile)) for case in others)]
    for other in sorted(set(PROPERTIES) - claimed):
        if all(member.counterexample(other) is None for member in family):
            raise AssertionError(f"{name} does not claim {other!r}, but no sampler shows that it lacks it.")
