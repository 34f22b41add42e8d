"""What the model is asked when it is measured, and what is right: 52 queries.

`seen` queries use the words of the concepts' phrases; `new` ones use words that no fitted phrase
has; `place` ones are names, whose truth is a box and a fact, not the layer they were learnt from.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import concepts
import numpy as np
from numpy.typing import NDArray
from rules import Shares, Truth, above, truth


@dataclass(frozen=True)
class Query:
    """One query."""

    text: str
    """As a person would type it."""
    kind: Literal["seen", "new", "place"]
    """What it tests."""
    rule: Callable[[Shares], Truth]
    """Which tiles answer it."""


def in_box(s: Shares, south: float, north: float, west: float, east: float) -> NDArray[np.bool_]:
    return (s.lat > south) & (s.lat < north) & (s.lon > west) & (s.lon < east)


def farmland(s: Shares) -> Truth:
    return above(s.crop, 0.5, 0.2)


def grassland(s: Shares) -> Truth:
    return above(s.grass, 0.6, 0.3)


def big_ice(s: Shares) -> Truth:
    return above(s.ice, 0.93, 0.7)


def australia(s: Shares) -> Truth:
    return truth(in_box(s, -30, -19, 115, 143) & (s.sea < 0.05), in_box(s, -34, -17, 113, 146))


def amazon(s: Shares) -> Truth:
    green = s.evergreen_broadleaf > 0.5
    return truth(in_box(s, -14, 5, -76, -50) & green, in_box(s, -20, 8, -80, -44))


def sahara(s: Shares) -> Truth:
    africa = s.facts.continent == "Africa"
    inner = in_box(s, 15, 33, -17, 37) & africa & (s.bare > 0.5) & (s.sea < 0.5)
    return truth(inner, in_box(s, 12, 35, -18, 38) & africa)


def himalaya(s: Shares) -> Truth:
    steep = (s.summit > 4000) & (s.ruggedness > 300)
    return truth(in_box(s, 26.5, 36.5, 73, 97) & steep, in_box(s, 25, 40, 68, 104))


def andes(s: Shares) -> Truth:
    south = s.facts.continent == "South America"
    high = (s.summit > 2500) & (s.ruggedness > 300)
    return truth(south & (s.lon < -62) & high, south & (s.lon < -60) & (s.summit > 1000))


def siberia(s: Shares) -> Truth:
    russia = s.facts.country == "Russia"
    return truth(russia & (s.lon > 62) & (s.lat > 50), russia & (s.lon > 55))


def greenland(s: Shares) -> Truth:
    return truth(s.facts.country == "Greenland", in_box(s, 58, 85, -75, -10))


def antarctica(s: Shares) -> Truth:
    return truth(s.facts.continent == "Antarctica", s.lat < -60)


def congo(s: Shares) -> Truth:
    green = s.evergreen_broadleaf > 0.3
    return truth(in_box(s, -6, 5, 10, 30) & green, in_box(s, -12, 10, 6, 34))


def tibet(s: Shares) -> Truth:
    return truth(in_box(s, 28, 37, 78, 100) & (s.height > 4000), in_box(s, 26, 40, 74, 104))


def open_wood(s: Shares) -> Truth:
    return above(s.deciduous, 0.4, 0.2)


QUERIES = (
    Query("tropical rainforest", "seen", concepts.rainforest),
    Query("jungle", "new", concepts.rainforest),
    Query("a lush rain forest canopy", "new", concepts.rainforest),
    Query("sand desert", "seen", concepts.hot_desert),
    Query("sand dunes", "new", concepts.hot_desert),
    Query("dry wasteland with no plants", "new", lambda s: above(s.bare, 0.7, 0.35)),
    Query("ice sheet", "seen", big_ice),
    Query("frozen white land", "new", big_ice),
    Query("snow covered mountains", "seen", concepts.snowy_mountains),
    Query("snow capped alpine peaks", "new", concepts.snowy_mountains),
    Query("mountains", "seen", concepts.mountains),
    Query("coastline", "seen", concepts.coast),
    Query("seashore and beach", "new", concepts.coast),
    Query("archipelago", "seen", concepts.archipelago),
    Query("island chain", "new", concepts.archipelago),
    Query("a small island in the ocean", "seen", concepts.island),
    Query("river delta", "seen", lambda s: above(s.delta, 0.05, 0)),
    Query("farmland", "seen", farmland),
    Query("wheat fields", "new", farmland),
    Query("agriculture", "new", farmland),
    Query("tundra", "seen", concepts.tundra),
    Query("permafrost", "new", concepts.tundra),
    Query("salt flat", "seen", lambda s: above(s.playa, 0.03, 0.002)),
    Query("savanna", "seen", concepts.savanna),
    Query("African bush with scattered trees", "new", concepts.savanna),
    Query("boreal forest", "seen", concepts.boreal),
    Query("taiga", "new", concepts.boreal),
    Query("temperate deciduous forest", "seen", open_wood),
    Query("a big city", "seen", concepts.city),
    Query("skyscrapers and suburbs", "new", concepts.city),
    Query("grassland", "seen", grassland),
    Query("prairie", "new", grassland),
    Query("large lake", "seen", concepts.lake),
    Query("freshwater reservoir", "new", concepts.lake),
    Query("swamp", "seen", lambda s: above(s.wetland, 0.2, 0.06)),
    Query("coral reef", "seen", concepts.reef),
    Query("tropical lagoon atoll", "new", concepts.reef),
    Query("high plateau", "seen", concepts.plateau),
    Query("forest next to the sea", "seen", concepts.wooded_coast),
    Query("desert meeting the sea", "seen", concepts.desert_coast),
    Query("fjords", "new", concepts.fjord),
    Query("Mediterranean climate", "seen", lambda s: above(s.climate("Cs"), 0.6, 0.3)),
    Query("red desert of Australia", "new", australia),
    Query("Amazon", "place", amazon),
    Query("Sahara", "place", sahara),
    Query("Himalaya", "place", himalaya),
    Query("Andes mountains", "place", andes),
    Query("Siberia", "place", siberia),
    Query("Greenland", "place", greenland),
    Query("Antarctica", "place", antarctica),
    Query("Congo", "place", congo),
    Query("Tibet", "place", tibet),
)
"""Every query."""

FOREIGN = (
    "solar panels", "airport", "football stadium", "oil tank", "ship", "bridge", "parking lot",
    "tennis court", "wind turbine", "chess", "pizza", "a happy dog", "blue car",
    "quantum physics", "hello world", "red bicycle", "container port", "golf course",
    "swimming pool", "train station", "cat", "love", "computer", "roundabout", "greenhouse",
    "power plant", "prison", "school", "aeroplane", "nuclear reactor",
)  # fmt: skip
"""Words that mean nothing at this scale; a good refusal rejects them."""
