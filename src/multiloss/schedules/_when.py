"""One weight while a condition holds, another while it does not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from keras import ops

from .._core.errors import invalid
from .._core.registry import register
from .._core.schedule import Schedule, TrainingProgress
from .._core.typing import Array
from ._arguments import finite_number
from ._comparison import Comparison
from ._constant import Constant
from ._judgement import Judgement
from ._linear import Linear


@register(
    "when",
    cases=(
        {"condition": "step >= 10", "then": 1.0, "otherwise": 0.0},
        {"condition": "epoch < 3", "then": Linear(0.0, 1.0, epochs=3), "otherwise": Linear(1.0, 0.2, steps=40)},
        {"condition": "a_loss < 0.5", "then": 1.0, "otherwise": 0.1, "final": 0.7},
        {"condition": "val_a_accuracy > 0.9", "then": Linear(0.0, 2.0, steps=5), "otherwise": 0.0},
    ),
)
class When(Schedule):
    """Chooses between two weights, numbers or schedules, by a condition that is looked at in every step.

    The condition in words is `"<name> <comparison> <number>"` with one of `< <= > >=`. The name is

    - `step` or `epoch`, both counted from 0;
    - `<term>_loss`: the raw loss of a term in the last step in which it took part;
    - any other log of an epoch, such as `val_label_accuracy`: its value at the end of the last epoch.

    What is not known yet makes it false: the losses before the first step, an epoch's logs in the first epoch. The
    condition has no memory: a noisy loss around the bound switches to and fro, the log of an epoch does so more slowly.
    Both schedules count from the start of training, not from the moment when they are chosen.

    Args:
        condition: in words; or a named function of any of the arguments `step`, `epoch`, `losses` (a dict by term) and
            `logs` (a dict of the epoch logs in `monitor`), all scalars that may be NaN, which returns a scalar truth
            value by `keras.ops`. It must be registered with `keras.saving.register_keras_serializable` to be saved.
        then: the weight while the condition holds: a number or a schedule.
        otherwise: the weight while it does not.
        monitor: the epoch logs that the function reads.
        final: the final value, which counts in `val_loss`. None (default): that of `then`, or of `otherwise` for an
            upper bound on the step or the epoch.

    Raises:
        ValueError: for a condition that is neither, weights that are neither numbers nor schedules; in the first step
            for a name that is no term and no log.

    Example:
        >>> from multiloss.schedules import Linear, TrainingProgress, When
        >>> schedule = When("label_loss < 0.5", then=1.0, otherwise=Linear(0.0, 0.2, steps=10))
        >>> float(schedule.value(TrainingProgress(step=5, epoch=0, losses={"label": 0.7})))
        0.1...
        >>> float(schedule.value(TrainingProgress(step=6, epoch=0, losses={"label": 0.4})))
        1.0
    """

    def __init__(
        self,
        condition: str | Callable[..., Any],
        then: float | Schedule,
        *,
        otherwise: float | Schedule,
        monitor: Sequence[str] = (),
        final: float | None = None,
    ):
        self.condition = condition
        self.then = _schedule("then", then)
        self.otherwise = _schedule("otherwise", otherwise)
        self.monitor = [monitor] if isinstance(monitor, str) else list(monitor)
        self._final = None if final is None else finite_number("final", final)
        self._parsed = _parse(condition, self.monitor)

    def value(self, progress: TrainingProgress) -> Array:
        """The weight of the branch that holds."""
        return ops.where(self._parsed.holds(progress), self.then.value(progress), self.otherwise.value(progress))

    def final(self) -> float:
        """The argument `final`, or the final value of the branch to which training should come."""
        if self._final is not None:
            return self._final
        return (self.then if self._parsed.in_the_end else self.otherwise).final()

    def reads_losses(self) -> bool:
        """Whether the condition reads a term's last loss, or a branch does."""
        return self._parsed.reads_losses or self.then.reads_losses() or self.otherwise.reads_losses()

    def monitors(self) -> tuple[str, ...]:
        """The epoch logs that the condition and the branches read."""
        names = (*self._parsed.monitors, *self.then.monitors(), *self.otherwise.monitors())
        return tuple(dict.fromkeys(names))


def _schedule(name: str, value: Any) -> Schedule:
    return value if isinstance(value, Schedule) else Constant(finite_number(name, value))


def _parse(condition: Any, monitor: list[str]) -> Comparison | Judgement:
    if isinstance(condition, str):
        if monitor:
            raise invalid(
                "`monitor` goes with a function; a condition in words names what it reads itself",
                received=f"monitor={monitor}",
            )
        return Comparison.parse(condition)
    if not callable(condition):
        raise invalid("`condition` must be a text such as 'epoch >= 5', or a function", received=condition)
    return Judgement.of(condition, tuple(monitor))
