"""Colours for pictures, on light and on dark ground."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Theme:
    """The colours of a picture.

    Balancers and terms have palettes of their own, so that no colour means two things in one report. Both are told
    apart by people with any of the common colour-vision deficiencies: Okabe and Ito's for balancers, Paul Tol's
    "muted" for terms, lightened where the ground is dark.
    """

    name: str
    ground: str
    ink: str
    soft: str
    faint: str
    good: str
    bad: str
    balancers: tuple[str, ...]
    terms: tuple[str, ...]

    def balancer(self, place: int) -> str:
        """The colour of the balancer at this place; they repeat after the last."""
        return self.balancers[place % len(self.balancers)]

    def term(self, place: int) -> str:
        """The colour of the term at this place; they repeat after the last."""
        return self.terms[place % len(self.terms)]


LIGHT = Theme(
    name="light",
    ground="#ffffff",
    ink="#1c2126",
    soft="#59636e",
    faint="#d5d9de",
    good="#00795a",
    bad="#b34700",
    balancers=("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7a6a00"),
    terms=("#332288", "#cc6677", "#44aa99", "#999933", "#882255", "#88ccee", "#117733"),
)
DARK = Theme(
    name="dark",
    ground="#181b20",
    ink="#e6e8eb",
    soft="#a3acb7",
    faint="#3a4048",
    good="#3ecf9d",
    bad="#ff9a55",
    balancers=("#56b4e9", "#ff8c42", "#2ec99b", "#e39bc4", "#f0b93a", "#9ad3f5", "#f0e442"),
    terms=("#9d8df1", "#e08291", "#5cc8b5", "#c9c95a", "#d070a8", "#a5dcf5", "#5fb573"),
)
# A second sign beside the colour, for prints without colour.
DASHES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (8, 2)), (0, (3, 1)))


def balancer_colours(balancers: list[str], baseline: str, theme: Theme) -> dict[str, str]:
    """The baseline in the ink's colour, every other balancer in one of its own."""
    others = [balancer for balancer in balancers if balancer != baseline]
    return {baseline: theme.ink, **{balancer: theme.balancer(place) for place, balancer in enumerate(others)}}
