"""The mathematical properties that a member may claim, one sentence each; the contract tests check both directions."""

from __future__ import annotations

PROPERTIES: dict[str, str] = {
    "non_negative": "No weight is negative.",
    "non_conflicting": "The combined gradient has a non-negative inner product with every present term's gradient.",
    "stops_when_stationary": (
        "Where a positive combination of all gradients vanishes, the combined gradient of the balancer vanishes too."
    ),
    "permutation_equivariant": "Reordering the terms (and the noise with them) reorders the weights alike.",
    "scale_invariant": (
        "Multiplying all losses, and so their gradients, by one positive factor does not change the normalised weights."
    ),
    "term_scale_invariant": (
        "Multiplying one term by a positive factor divides its weight by that factor, relative to the others: "
        "the combined gradient keeps its direction."
    ),
    "stateless": "The member remembers nothing from one step to the next.",
    "deterministic": "The member reads no noise.",
}
