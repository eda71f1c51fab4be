"""What a person should do after a diagnosis."""

from __future__ import annotations

from collections.abc import Sequence

from ._finding import Finding, of_severity

# Which balancers are worth a trial beside fixed weights, by what was found.
_TRIALS = {
    "conflict": ("upgrad", "pcgrad"),
    "dominance": ("uncertainty", "db_mtl"),
    "drowned": ("uncertainty", "db_mtl"),
}
_OTHERWISE = ("uncertainty", "upgrad")


def next_steps(findings: Sequence[Finding], shared_by_several: bool) -> list[str]:
    """Most important first; code stands in backticks.

    Args:
        findings: what was found.
        shared_by_several: whether there are several terms, and layers that they share.
    """
    steps: list[str] = []
    errors, warnings = of_severity(findings, "error"), of_severity(findings, "warning")
    if errors:
        steps.append("Fix the errors: as it stands, training stops or teaches nothing. Then run the diagnosis again.")
    elif warnings:
        steps.append("Follow what is said under the warnings, one by one, and run the diagnosis again after each.")
    if shared_by_several and not errors:
        names = {finding.name for finding in findings if finding.severity != "fine"}
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
