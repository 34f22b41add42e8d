"""The kinds of land that the model knows: definition, words, and words held out to test it.

Thresholds are given as (yes from, unknown from): see `rules.py`. `held_out` phrases are never used
in a fit whose quality is reported; the shipped weights use them too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from rules import Shares, Truth, above, below, every, truth


@dataclass(frozen=True)
class Kind:
    """One kind of land."""

    name: str
    """As people see it."""
    rule: Callable[[Shares], Truth]
    """What makes a tile one of it."""
    phrases: tuple[str, ...]
    """Words it goes by."""
    held_out: tuple[str, ...] = ()
    """More words, kept from every fit that is measured."""
    shipped: tuple[str, ...] = ()
    """More words, in the shipped weights only; nothing is measured with them."""


def coast(s: Shares) -> Truth:
    return every(above(s.sea, 0.12, 0.03), below(s.sea, 0.88, 0.95))


def rainforest(s: Shares) -> Truth:
    return every(above(s.evergreen_broadleaf, 0.6, 0.3), above(s.climate("A"), 0.5, 0.2))


def boreal(s: Shares) -> Truth:
    trees = s.forest + 0.7 * s.savanna
    return every(above(trees, 0.5, 0.25), above(subarctic(s), 0.5, 0.2))


def subarctic(s: Shares) -> np.ndarray:
    return s.climate("Dfc", "Dfd", "Dwc", "Dwd", "Dsc", "Dsd")


def savanna(s: Shares) -> Truth:
    warm = s.climate("A") + s.climate("BSh") + 0.7 * s.climate("Cfa", "Cwa")
    return every(above(s.savanna, 0.5, 0.25), above(warm, 0.5, 0.2))


def hot_desert(s: Shares) -> Truth:
    return every(above(s.bare, 0.7, 0.35), above(s.climate("BWh"), 0.6, 0.2))


def snowy_mountains(s: Shares) -> Truth:
    return every(
        truth((s.ice < 0.6) & (s.white < 0.8), (s.ice < 0.75) & (s.white < 0.9)),
        below(s.sea, 0.3, 0.5),
        truth(s.facts.continent != "Antarctica", s.facts.continent != "Antarctica"),
        truth((s.ice > 0.04) | (s.white > 0.1), (s.ice > 0.01) | (s.white > 0.03)),
        mountains(s, ruggedness=(350, 200)),
    )


def mountains(s: Shares, ruggedness: tuple[float, float] = (400, 200)) -> Truth:
    return every(above(s.ruggedness, *ruggedness), above(s.summit, 1200, 800))


def plateau(s: Shares) -> Truth:
    return every(above(s.height, 2800, 2000), below(s.ruggedness, 700, 900), below(s.ice, 0.5, 0.8))


def tundra(s: Shares) -> Truth:
    return every(
        above(s.climate("ET"), 0.6, 0.3), below(s.ice, 0.3, 0.6), above(np.abs(s.lat), 55, 50)
    )


def lake(s: Shares) -> Truth:
    return every(above(s.inland_water, 0.08, 0.03), below(s.sea, 0.3, 0.5))


def many_lakes(s: Shares) -> Truth:
    return every(
        above(s.inland_water, 0.06, 0.03),
        above(s.lakes, 0.03, 0.01),
        above(np.abs(s.lat), 45, 40),
        below(s.sea, 0.1, 0.2),
    )


def island(s: Shares) -> Truth:
    return every(above(s.sea, 0.3, 0.15), above(s.small_islands, 1, 0))


def archipelago(s: Shares) -> Truth:
    return every(above(s.sea, 0.25, 0.1), above(s.islands, 6, 3))


def reef(s: Shares) -> Truth:
    return every(above(s.reef, 0.02, 0.004), above(s.sea, 0.2, 0.1))


def city(s: Shares) -> Truth:
    return truth((s.urban > 0.06) | (s.population > 4e6), (s.urban > 0.015) | (s.population > 8e5))


def fjord(s: Shares) -> Truth:
    return every(
        above(s.sea, 0.1, 0.03),
        below(s.sea, 0.85, 0.95),
        above(s.ruggedness, 200, 120),
        above(np.abs(s.lat), 44, 42),
        truth((s.ice < 0.5) & (s.lat > -58), (s.ice < 0.7) & (s.lat > -60)),
    )


def wooded_coast(s: Shares) -> Truth:
    return every(coast(s), above(s.forest, 0.4, 0.2))


def desert_coast(s: Shares) -> Truth:
    return every(coast(s), above(s.bare, 0.5, 0.2))


KINDS = (
    Kind(
        "tropical rainforest",
        rainforest,
        (
            "tropical rainforest",
            "evergreen broadleaf forest in the tropics",
            "dense tropical forest",
            "tropical moist forest",
        ),
        ("jungle", "rain forest canopy"),
    ),
    Kind(
        "forest",
        lambda s: above(s.forest, 0.6, 0.3),
        ("forest", "dense forest", "woodland covered with trees", "trees"),
        ("wooded land", "timber"),
        ("woods", "woodland"),
    ),
    Kind(
        "boreal forest",
        boreal,
        ("boreal forest", "northern coniferous forest", "cold needleleaf forest"),
        ("taiga", "spruce and larch woods"),
    ),
    Kind(
        "conifer forest",
        lambda s: above(s.conifer, 0.4, 0.15),
        ("evergreen needleleaf forest", "conifer forest"),
        ("pine trees",),
    ),
    Kind(
        "deciduous forest",
        lambda s: above(s.deciduous, 0.4, 0.2),
        ("deciduous forest", "temperate broadleaf forest", "mixed forest"),
        ("oak and beech forest",),
    ),
    Kind(
        "savanna",
        savanna,
        ("savanna", "tropical savanna with scattered trees", "wooded grassland"),
        ("African bush", "cerrado"),
        ("savannah",),
    ),
    Kind(
        "grassland",
        lambda s: above(s.grass, 0.6, 0.3),
        ("grassland", "open grassland", "grass plains"),
        ("prairie", "pasture", "meadows"),
        ("pampas",),
    ),
    Kind(
        "steppe",
        lambda s: every(above(s.grass + s.shrub, 0.5, 0.25), above(s.climate("BS"), 0.5, 0.2)),
        ("steppe", "semi-arid grassland", "dry grass steppe"),
        ("dry plains",),
    ),
    Kind(
        "shrubland",
        lambda s: above(s.shrub, 0.6, 0.3),
        ("shrubland", "open shrubland", "dry scrub"),
        ("bushes", "thicket"),
    ),
    Kind(
        "farmland",
        lambda s: above(s.crop, 0.5, 0.2),
        ("cropland", "farmland", "agricultural fields"),
        ("wheat fields", "agriculture", "cultivated land"),
        ("farms", "crops", "rice fields", "corn fields", "plantations"),
    ),
    Kind(
        "wetland",
        lambda s: above(s.wetland, 0.2, 0.06),
        ("wetland", "permanent wetland", "swamp"),
        ("marsh", "bog", "floodplain"),
    ),
    Kind(
        "desert",
        lambda s: every(above(s.bare, 0.7, 0.35), above(s.climate("BW"), 0.5, 0.2)),
        ("desert", "barren desert", "arid desert land"),
        ("wasteland without vegetation",),
    ),
    Kind(
        "sand desert",
        hot_desert,
        ("hot desert", "sandy desert", "sand desert"),
        ("sand dunes", "sand sea"),
        ("dunes",),
    ),
    Kind(
        "cold desert",
        lambda s: every(
            above(s.bare + s.shrub + s.grass, 0.6, 0.3), above(s.climate("BWk"), 0.6, 0.25)
        ),
        ("cold desert", "cold arid basin"),
        ("stony desert",),
    ),
    Kind(
        "barren land",
        lambda s: above(s.bare, 0.7, 0.35),
        ("barren land", "bare ground without plants"),
        ("rocky ground",),
    ),
    Kind(
        "ice sheet",
        lambda s: above(s.ice, 0.93, 0.7),
        ("ice sheet", "polar ice", "land covered by ice and snow"),
        ("frozen white land", "Antarctic ice"),
        ("inland ice", "snow and ice"),
    ),
    Kind(
        "glacier",
        lambda s: every(above(s.ice, 0.04, 0.005), below(s.ice, 0.8, 0.93)),
        ("glacier", "glaciers and snowfields", "permanent snow"),
        ("ice field", "ice cap"),
    ),
    Kind(
        "snowy mountains",
        snowy_mountains,
        ("snow covered mountains", "mountains with snow", "snowy mountain range"),
        ("snow capped peaks", "alpine summits"),
        ("snow",),
    ),
    Kind(
        "mountains",
        mountains,
        ("mountains", "mountain range", "rugged mountain terrain"),
        ("peaks and ridges", "highland valleys"),
        ("canyons", "volcano"),
    ),
    Kind(
        "high plateau",
        plateau,
        ("high plateau", "high altitude plateau"),
        ("highland tableland",),
        ("altiplano",),
    ),
    Kind(
        "lowland",
        lambda s: every(below(s.height, 150, 250), below(s.ruggedness, 70, 120)),
        ("lowland", "flat plain", "low lying land"),
        ("flat country",),
    ),
    Kind(
        "hills",
        lambda s: every(above(s.ruggedness, 100, 60), below(s.ruggedness, 300, 400)),
        ("hills", "hilly terrain", "uplands"),
        ("rolling hills",),
    ),
    Kind(
        "tundra",
        tundra,
        ("tundra", "arctic tundra", "cold treeless plain"),
        ("permafrost land",),
        ("permafrost", "frozen ground"),
    ),
    Kind(
        "coast",
        coast,
        ("coast", "coastline", "coastal land next to the sea"),
        ("seashore", "shoreline", "beach"),
        ("bay", "peninsula", "cape"),
    ),
    Kind(
        "mostly sea",
        lambda s: above(s.sea, 0.6, 0.4),
        ("mostly sea with some land", "blue ocean and a little land"),
        ("open water",),
        ("ocean", "sea"),
    ),
    Kind(
        "inland",
        lambda s: below(s.sea, 0.005, 0.05),
        ("inland area far from the sea", "continental interior"),
        ("landlocked",),
    ),
    Kind("island", island, ("island", "island in the ocean", "small island"), ("isle",)),
    Kind(
        "archipelago",
        archipelago,
        ("archipelago", "group of islands", "many islands"),
        ("island chain",),
    ),
    Kind("lake", lake, ("lake", "large lake", "inland water"), ("freshwater", "reservoir")),
    Kind(
        "many lakes",
        many_lakes,
        ("many lakes", "lake district", "lakes scattered over the land"),
        ("ponds",),
    ),
    Kind(
        "river",
        lambda s: above(s.river, 0.02, 0.005),
        ("river", "large river", "river crossing the land"),
        ("stream", "meandering river"),
    ),
    Kind(
        "river delta",
        lambda s: above(s.delta, 0.1, 0),
        ("river delta", "delta where a river meets the sea"),
        ("estuary", "river mouth"),
    ),
    Kind(
        "salt flat",
        lambda s: above(s.playa, 0.03, 0.002),
        ("salt flat", "dry salt lake", "playa"),
        ("salt pan", "salar"),
    ),
    Kind(
        "coral reef",
        reef,
        ("coral reef", "reef in shallow tropical water"),
        ("lagoon", "atoll"),
    ),
    Kind(
        "big city",
        city,
        ("big city", "urban area", "large city", "metropolis"),
        ("town", "built-up area", "skyscrapers"),
    ),
    Kind(
        "Mediterranean climate",
        lambda s: above(s.climate("Cs"), 0.6, 0.3),
        ("Mediterranean climate", "dry summer climate"),
        ("olive groves",),
    ),
    Kind(
        "humid subtropical climate",
        lambda s: above(s.climate("Cfa", "Cwa"), 0.6, 0.3),
        ("humid subtropical climate",),
        (),
        ("subtropical",),
    ),
    Kind(
        "oceanic climate",
        lambda s: above(s.climate("Cfb", "Cfc"), 0.6, 0.3),
        ("temperate oceanic climate", "mild wet climate"),
        ("green and rainy land",),
    ),
    Kind(
        "continental climate",
        lambda s: above(s.climate("Dfa", "Dfb", "Dwa", "Dwb"), 0.6, 0.3),
        ("humid continental climate", "land with cold winters and warm summers"),
    ),
    Kind(
        "subarctic climate",
        lambda s: above(subarctic(s), 0.6, 0.3),
        ("subarctic climate",),
        ("very cold winters",),
    ),
    Kind(
        "tropical climate",
        lambda s: above(s.climate("A"), 0.8, 0.4),
        ("tropical climate", "the tropics"),
        ("equatorial",),
    ),
    Kind(
        "arid climate",
        lambda s: above(s.climate("BW"), 0.8, 0.4),
        ("arid climate", "very dry land"),
        ("dry",),
    ),
    Kind(
        "semi-arid climate",
        lambda s: above(s.climate("BS"), 0.6, 0.3),
        ("semi-arid climate",),
        (),
        ("semi-desert",),
    ),
    Kind(
        "polar climate",
        lambda s: above(s.climate("ET", "EF"), 0.8, 0.4),
        ("polar climate", "polar region"),
        ("arctic", "frozen"),
    ),
    Kind(
        "fjord coast",
        fjord,
        ("rugged cold coast with mountains and inlets", "fjord coast"),
        ("fjords",),
    ),
    Kind(
        "wooded coast",
        wooded_coast,
        ("forest next to the sea", "forested coast"),
        ("green coast",),
    ),
    Kind(
        "desert coast",
        desert_coast,
        ("desert meeting the sea", "desert coast"),
        ("dry coast",),
    ),
)
"""Every kind of land."""
