"""Three-valued truth: a tile is one of a kind, is not, or is too close to the border to say.

A truth is a float array with 1 (yes), 0 (no) and NaN (unknown). Unknown tiles are left out of the
fit and of AUC, and count as wrong in precision.
"""

from __future__ import annotations

import numpy as np
from layers import TileFacts
from numpy.typing import NDArray

Truth = NDArray[np.float64]

MIN_LAND_FOR_CLIMATE = 0.5
"""Climate shares are of the land, and of no less than this share of a tile."""

MIN_LAND_FOR_COVER = 0.7
"""Land-cover shares likewise: a sliver of forest on an island is no forest tile."""


def above(value: NDArray[np.float64], yes: float, maybe: float) -> Truth:
    """Yes from `yes` on, unknown above `maybe`, else no."""
    return truth(value >= yes, value > maybe)


def below(value: NDArray[np.float64], yes: float, maybe: float) -> Truth:
    """Yes below `yes`, unknown below `maybe`, else no."""
    return truth(value < yes, value < maybe)


def truth(yes: NDArray[np.bool_], maybe: NDArray[np.bool_]) -> Truth:
    """Yes where `yes`, unknown where only `maybe`, else no."""
    return np.where(yes, 1.0, np.where(maybe, np.nan, 0.0))


def every(*parts: Truth) -> Truth:
    """Yes where all parts are, no where one is not, else unknown."""
    stack = np.stack(parts)
    unknown = np.isnan(stack).any(axis=0)
    return np.where((stack == 0).any(axis=0), 0.0, np.where(unknown, np.nan, 1.0))


class Shares:
    """A tile's shares under short names, as the definitions use them."""

    def __init__(self, facts: TileFacts) -> None:
        """Derive shares of the land from shares of the window."""
        self.facts = facts
        self.lon, self.lat = facts.lonlat.T
        m = facts.measure
        self.sea = np.clip(1 - m["land"], 0, 1)
        self.height, self.ruggedness, self.summit = m["height"], m["ruggedness"], m["summit"]
        self.white, self.river, self.playa = m["white"], m["river"], m["playa"]
        self.reef, self.delta, self.lakes = m["reef"], m["delta"], m["lake"]
        self.islands, self.small_islands = m["islands"], m["small"]
        self.population = m["population"]
        self.inland_water = np.clip(facts.cover[:, 0] - self.sea, 0, 1)
        self.conifer = self.cover(1, 3)
        self.evergreen_broadleaf = self.cover(2)
        self.deciduous = self.cover(4, 5)
        self.forest = self.cover(1, 2, 3, 4, 5)
        self.shrub = self.cover(6, 7)
        self.savanna = self.cover(8, 9)
        self.grass = self.cover(10)
        self.wetland = self.cover(11)
        self.crop = self.cover(12, 14)
        self.urban = self.cover(13)
        self.ice = self.cover(15)
        self.bare = self.cover(16)

    def cover(self, *igbp: int) -> NDArray[np.float64]:
        """Share of the land under these IGBP classes."""
        share = self.facts.cover
        return share[:, list(igbp)].sum(axis=1) / np.maximum(1 - share[:, 0], MIN_LAND_FOR_COVER)

    def climate(self, *classes: str) -> NDArray[np.float64]:
        """Share of the land in these Köppen-Geiger classes, by name or first letters."""
        names, share = self.facts.climate_names, self.facts.climate
        numbers = [n for name, n in names.items() if name != "Ocean" and name.startswith(classes)]
        land = 1 - share[:, names["Ocean"]] - share[:, 0]
        return share[:, numbers].sum(axis=1) / np.maximum(land, MIN_LAND_FOR_CLIMATE)
