"""What a person should do after a diagnosis."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._diagnosis import Diagnosis

# Which balancers are worth a trial beside fixed weights, by what was found.
_TRIALS = {
    "conflict": ("upgrad", "pcgrad"),
    "dominance": ("uncertainty", "db_mtl"),
    "drowned": ("uncertainty", "db_mtl"),
}
_OTHERWISE = ("uncertainty", "upgrad")


def next_steps(diagnosis: Diagnosis) -> list[str]:
    """Most important first; code stands in backticks."""
    steps: list[str] = []
    severe = [*diagnosis.of("error"), *diagnosis.of("warning")]
    if diagnosis.of("error"):
        steps.append("Fix the errors: as it stands, training stops or teaches nothing. Then run the diagnosis again.")
    elif severe:
        steps.append("Follow what is said under the warnings, one by one, and run the diagnosis again after each.")
    if len(diagnosis.terms) > 1 and diagnosis.shared and not diagnosis.of("error"):
        names = {finding.name for finding in diagnosis.findings if finding.severity != "fine"}
        chosen = [balancer for name in _TRIALS if name in names for balancer in _TRIALS[name]] or list(_OTHERWISE)
        listed = ",".join(dict.fromkeys(["fixed", *chosen]))
        steps.append(
            f"See what helps on validation data: `multiloss compare --balancers {listed}` trains with each of them "
            "from the same starts. What a diagnosis shows of the first batches is no proof."
        )
    steps.append(
        "Look again while it trains: `callbacks=[ml.callbacks.BalanceMonitor(every=100)]` puts each term's gradient "
        "and the conflicts into the logs. Early in training they change."
    )
    return steps
