"""The mathematical properties that a member may claim, one sentence each; the contract tests check both directions."""

from __future__ import annotations

PROPERTIES: dict[str, str] = {
    "non_negative": "No weight is negative.",
    "non_conflicting": "The combined gradient has a non-negative inner product with every term's gradient.",
    "permutation_equivariant": "Reordering the terms reorders the weights alike.",
    "scale_invariant": "Multiplying all losses by one positive factor does not change the normalised weights.",
    "loss_scale_invariant": "Multiplying one loss by a positive factor does not change its share of the total.",
    "stateless": "The member remembers nothing from one step to the next.",
    "deterministic": "The member reads no noise.",
}
