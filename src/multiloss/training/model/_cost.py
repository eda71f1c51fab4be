"""What a step costs beside one of plain Keras, in words: passes, arithmetic, and the gradients that it holds."""

from __future__ import annotations

import math
import textwrap
import warnings
from collections.abc import Iterable, Sequence
from typing import Any

import keras

from ..._core.errors import invalid
from ..._core.wording import a_few, counted, listed, memory, number
from ..reading import check_numbers, read_data
from ..rows import REPRESENTATION
from ..step import Linearized, StepPlan, StepProgram, bytes_of, rows_held

# A backward pass computes gradients by inputs and by weights: two matrix products in the place of one.
BACKWARD = 2.0
# Columns of a line.
WIDTH = 100


def size_of(variables: Iterable[Any]) -> int:
    """The number of all entries."""
    return sum(math.prod(variable.shape) for variable in variables)


def plan_of_batch(program: StepProgram, x: Any, y: Any, sample_weight: Any) -> StepPlan:
    """The plan of a step on such a batch, made aside: the program and its generators are left as they are.

    Raises:
        ValueError: as training would for these data, or where nothing is shared.
    """
    if program.objective.replicas.count_of(program.host) > 1:
        raise invalid(
            "A batch is explained on one device",
            received="a trainer on several",
            fix="Train for a step: explain() without a batch is exact then.",
        )
    x, y, sample_weight = read_data(program.names, x, y, sample_weight)
    check_numbers(y, sample_weight)
    samples = int(keras.tree.flatten(x)[0].shape[0])
    plan = StepPlan(program.model, program.objective, samples, program.paying)

    def complete(linear: Linearized) -> dict[str, Any]:
        plan.complete(linear)
        return {}

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # training says it
        program.on_one_batch(complete, x, y, sample_weight)
    return plan


def cost(trainer: Any, plan: StepPlan) -> list[str]:
    """Sentences on the cost of one step.

    Args:
        trainer: a compiled trainer.
        plan: of a step; what it has not found yet is bounded from above.
    """
    balancing = plan.objective.balancing
    if not trainer.model.built:
        return ["step: what it costs is known once the model is built"]
    if not balancing.reads_gradients or (plan.sharing is not None and not plan.sharing.shared):
        return _wrapped([_as_plain(plan)])
    lines = [_passes(plan), _arithmetic(plan)]
    if plan.sharing is None:
        alone = plan.objective.replicas.count_of(trainer) == 1
        return _wrapped([*lines, *_memory_at_most(plan, alone)])
    return _wrapped([*lines, _memory(plan, trainer.program.batch_size or plan.batch_size)])


def _as_plain(plan: StepPlan) -> str:
    balancing, weights = plan.objective.balancing, counted(size_of(plan.variables), "weight")
    resting = ", as long as nothing shared is trained" if balancing.reads_gradients else ""
    if not balancing.reads_after_update:
        return f"step: 1 forward and 1 backward pass through {weights}, as in plain Keras{resting}"
    factor = number((2.0 + BACKWARD) / (1.0 + BACKWARD))
    return (
        f"step: 1 forward and 1 backward pass through {weights}, as in plain Keras, and 1 forward pass after the "
        f"update: about {factor} times plain Keras's arithmetic"
    )


def _passes(plan: StepPlan) -> str:
    balancing, sharing = plan.objective.balancing, plan.sharing
    rows, over = len(balancing.rows), balancing.over
    each = "" if balancing.every == 1 else f", in 1 step of {balancing.every}"
    if over.wrt.startswith(REPRESENTATION):
        read = f"{rows} short backward passes, to the outputs of {over.wrt.removeprefix(REPRESENTATION)}"
    else:
        read = f"{rows} backward passes for the gradients by {_read(plan)}"
    heads = ""
    if balancing.splits_heads and (sharing is None or sharing.private):
        own = "those" if sharing is None else counted(size_of(plan.variables[i] for i in sharing.private), "weight")
        heads = f", and 1 short one for {own} that are not shared"
    again = "; 1 forward pass after the update" if balancing.reads_after_update else ""
    return f"step: 1 forward pass; {read}{each}; 1 backward pass of the weighted sum{heads}{again}"


def _read(plan: StepPlan) -> str:
    """The weights that gradients are taken by."""
    sharing, wrt = plan.sharing, plan.objective.balancing.over.wrt
    asked = "" if wrt == "shared" else f" of wrt={wrt!r}"
    if sharing is None:
        return f"at most {counted(size_of(plan.variables), 'weight')}{asked}"
    own = [*sharing.measured, *(index for layer in sharing.captured for index in layer.variables)]
    shared = "shared weight" if not asked else "weight"
    return f"{counted(size_of(plan.variables[index] for index in own), shared)}{asked}"


def _arithmetic(plan: StepPlan) -> str:
    balancing = plan.objective.balancing
    rows, every = len(balancing.rows), balancing.every
    if balancing.over.wrt.startswith(REPRESENTATION):
        return "arithmetic: about plain Keras's, and the short passes through what lies above those outputs"
    forward = 2.0 if balancing.reads_after_update else 1.0
    factor = (forward + BACKWARD * (rows / every + 1.0)) / (1.0 + BACKWARD)
    passes = f"{rows} + 1" if every == 1 else f"{rows} / {every} + 1"
    mean = "" if every == 1 else " on average"
    less = "less for what belongs to one term"
    if balancing.over.wrt != "shared":
        less = f"less as they end at wrt={balancing.over.wrt!r}"
    return (
        f"arithmetic: about {number(factor)} times plain Keras's{mean}, ({number(forward)} + 2 ({passes})) / 3, if all "
        f"were shared; {less}, and where gradients need not be formed; inner products and the balancer come on top"
    )


def _memory(plan: StepPlan, samples: int) -> str:
    sharing, rows = plan.sharing, len(plan.objective.balancing.rows)
    assert sharing is not None
    held, parts = rows_held(plan, samples), []
    if held.formed:
        formed = counted(size_of(plan.variables[index] for index in sharing.measured), "weight")
        parts.append(f"{memory(held.formed)} for {rows} gradients by {formed}")
    if sharing.captured:
        size = f"{memory(held.outputs)} " if held.outputs else ""
        layers = a_few((layer.layer.name for layer in sharing.captured), "layers")
        parts.append(f"{size}for {rows} gradients by the outputs of {layers}, {counted(samples, 'sample')}")
    unformed = [layer.layer.name for layer in sharing.captured if layer.variables]
    never = f"; never formed: gradients by the weights of {a_few(unformed, 'layers')}" if unformed else ""
    return f"memory: {listed(parts)}{never}"


def _memory_at_most(plan: StepPlan, alone: bool) -> list[str]:
    balancing, rows = plan.objective.balancing, len(plan.objective.balancing.rows)
    exact = "exactly after the first batch, or now by explain(x, y) of one batch"
    if balancing.over.wrt.startswith(REPRESENTATION):
        return [f"memory: {rows} gradients by those outputs; known {exact}"]
    weights = size_of(plan.variables)
    size = memory(rows * bytes_of(plan.variables))
    layers = a_few((layer.layer.name for layer in plan.captured()), "layers") if alone else ""
    pays = f"; those of {layers} need not be formed, where that pays for the size of a batch" if layers else ""
    return [
        f"memory: at most {size} for {rows} gradients by {counted(weights, 'weight')}{pays}",
        f"what is shared, and what pays, is known {exact}",
    ]


def _wrapped(sentences: Sequence[str]) -> list[str]:
    return [
        line
        for sentence in sentences
        for line in textwrap.wrap(
            sentence, WIDTH, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
        )
    ]
