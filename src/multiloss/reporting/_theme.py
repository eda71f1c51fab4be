"""Colours for pictures, on light and on dark ground."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Theme:
    """The colours of a picture.

    `series` are told apart by people with any of the common colour-vision deficiencies: Okabe and Ito's palette,
    lightened where the ground is dark.
    """

    name: str
    ground: str
    ink: str
    faint: str
    good: str
    bad: str
    series: tuple[str, ...]

    def colour(self, place: int) -> str:
        """The colour of the series at this place; they repeat after the last."""
        return self.series[place % len(self.series)]


LIGHT = Theme(
    name="light",
    ground="#ffffff",
    ink="#1c2126",
    faint="#d5d9de",
    good="#00795a",
    bad="#b34700",
    series=("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7a6a00"),
)
DARK = Theme(
    name="dark",
    ground="#181b20",
    ink="#e6e8eb",
    faint="#3a4048",
    good="#3ecf9d",
    bad="#ff9a55",
    series=("#56b4e9", "#ff8c42", "#2ec99b", "#e39bc4", "#f0b93a", "#9ad3f5", "#f0e442"),
)
# A second sign beside the colour, for prints without colour.
DASHES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (8, 2)), (0, (3, 1)))


def balancer_colours(balancers: list[str], baseline: str, theme: Theme) -> dict[str, str]:
    """The baseline in the ink's colour, every other balancer in one of the series."""
    others = [balancer for balancer in balancers if balancer != baseline]
    return {baseline: theme.ink, **{balancer: theme.colour(place) for place, balancer in enumerate(others)}}
