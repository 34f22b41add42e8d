"""Names of continents, countries and regions as concepts: the model learns what each looks like."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from layers import TileFacts
from numpy.typing import NDArray
from rules import Truth
from sources import Feature, Sources

CONTINENTS = (
    "Africa",
    "Asia",
    "Europe",
    "North America",
    "South America",
    "Oceania",
    "Antarctica",
)
"""As the country layer names them."""

MIN_COUNTRY_TILES, MIN_REGION_TILES = 12, 3
"""A name with fewer tiles is not learnt."""

MAX_SCALE_RANK = 4
"""Regions of a larger Natural Earth scale rank (lesser ones) are not learnt."""

MARGIN_DEGREES = 1.5
"""Tiles this near to a region, but outside, are unknown: outlines are drawn generously."""

HULL_RATIO, WHOLE_WORLD = 0.2, 150
"""Concave hull of regions in several parts, unless wider than so many degrees: the layer is a
partition, in which SAHARA is only what no named sub-desert covers."""

HULLED = frozenset(
    {
        "Basin",
        "Coast",
        "Depression",
        "Desert",
        "Foothills",
        "Geoarea",
        "Gorge",
        "Isthmus",
        "Lowland",
        "Pen/cape",
        "Peninsula",
        "Plain",
        "Plateau",
        "Range/mtn",
        "Tundra",
        "Valley",
        "Wetlands",
    }
)
"""Classes whose parts are joined by a hull."""

SHORT = {
    " Mts. ": " Mountains ",
    " Pen. ": " Peninsula ",
    " Plat. ": " Plateau ",
    " Ra. ": " Range ",
    " I. ": " Island ",
    " Is. ": " Islands ",
    " Rep. ": " Republic ",
    "Cord. ": "Cordillera ",
    "Dem. ": "Democratic ",
    "S. ": "South ",
    "  ": " ",
}
"""Abbreviations of the maps, written out."""

ENGLISH = {
    "Ahaggar Mountains": "Hoggar Mountains",
    "Alti-Planicie Mexicana": "Mexican Plateau",
    "Appennini": "Apennines",
    "Banaadir Coast": "Somali Coast",
    "Bié Plateau": "Angolan Plateau",
    "Bol\u2019Shezemel\u2019Skaya Tundra": "Russian Tundra",
    "Campos Sertão": "Sertao",
    "Ceram": "Seram",
    "Côte d'Ivoire": "Ivory Coast",
    "Dome A (Argus)": "",
    "Dome C (Charlie)": "",
    "Dome F (Fuji)": "",
    "Dângrêk Range": "Dangrek Mountains",
    "Haut Atlas": "High Atlas",
    "Hokkaidö": "Hokkaido",
    "Honshü": "Honshu",
    "Idhän Murzuq": "Murzuq Desert",
    "Islas Canarias": "Canary Islands",
    "Kjølen Mountains": "Scandinavian Mountains",
    "Kyüshü": "Kyushu",
    "Les Laurentides": "Laurentian Mountains",
    "Lüliang Mountains": "Luliang Mountains",
    "Península Ibérica": "Iberian Peninsula",
    "Planalto Central": "Brazilian Plateau",
    "Planalto Do Mato Grosso": "Mato Grosso Plateau",
    "Plateau Of Tibet": "Plateau of Tibet",
    "Quilian Mountains": "Qilian Mountains",
    "Rub\u2019 Al Khali": "Empty Quarter",
    "Sardegna": "Sardinia",
    "Sarïr Kalanshiyu Ar Ramli Al Kabi": "",
    "Sicilia": "Sicily",
    "Sikhote-Alin\u2019 Range": "Sikhote-Alin Range",
    "Solomon Isands": "",
    "Tassili Oua-N-Ahaggar": "",
    "Tassili-N-Ajjer": "Tassili",
    "\u2018Erg Chech": "Erg Chech",
}
"""Names as English speakers write them; empty for those that are left out."""

COUNTRIES = {"Congo": "Republic of the Congo"}
"""Countries named like something larger."""

ALSO = {
    "United States of America": ("USA", "United States"),
    "United Kingdom": ("UK",),
    "Himalayas": ("Himalaya",),
    "Empty Quarter": ("Rub al Khali",),
    "Plateau of Tibet": ("Tibetan Plateau",),
    "Amazon Basin": ("Amazonia",),
    "Turkey": ("Türkiye",),
}
"""Further names, in the shipped weights only."""


@dataclass(frozen=True)
class Named:
    """One name on the map."""

    name: str
    """As people write it."""
    truth: Truth
    """Where it is."""


def named_places(sources: Sources, facts: TileFacts) -> tuple[Named, ...]:
    """Return continents, then countries, then regions with names not yet taken."""
    found = {name: np.where(facts.continent == name, 1.0, 0.0) for name in CONTINENTS}
    names, counts = np.unique(facts.country[facts.country != ""], return_counts=True)
    for name in names[counts >= MIN_COUNTRY_TILES]:
        found.setdefault(
            COUNTRIES.get(str(name), english(str(name))), np.where(facts.country == name, 1.0, 0.0)
        )
    for name, region in _regions(sources, facts.lonlat).items():
        found.setdefault(name, region)
    return tuple(Named(name, truth) for name, truth in found.items())


def outline(feature: Feature) -> shapely.Geometry:
    """Return a region's outline: the hull of those in several parts, except islands."""
    shape = shapely.make_valid(feature.geometry)
    west, _, east, _ = shape.bounds
    whole = shape.geom_type == "MultiPolygon" and feature.text("featurecla") in HULLED
    return (
        shapely.concave_hull(shape, ratio=HULL_RATIO)
        if whole and east - west < WHOLE_WORLD
        else shape
    )


def _regions(sources: Sources, lonlat: NDArray[np.float64]) -> dict[str, Truth]:
    points = shapely.points(lonlat)
    shapely.prepare(points)
    found: dict[str, Truth] = {}
    for feature in sources.features("10m_geography_regions_polys"):
        name, kind = feature.text("name"), feature.text("featurecla")
        if not name or kind == "Continent" or feature.number("scalerank", 9) > MAX_SCALE_RANK:
            continue
        shape = outline(feature)
        if shape.is_empty or not shape.is_valid:
            continue
        shapely.prepare(shape)
        inside = shapely.contains(shape, points)
        if inside.sum() < MIN_REGION_TILES:
            continue
        near = shapely.dwithin(shape, points, MARGIN_DEGREES)
        here = np.where(inside, 1.0, np.where(near, np.nan, 0.0))
        name = english(name.title())
        if not name:
            continue
        found[name] = np.fmax(here, found[name]) if name in found else here
    return found


def english(name: str) -> str:
    """Write abbreviations out and use the English name; empty if the name is left out."""
    padded = name + " "
    for short, long in SHORT.items():
        padded = padded.replace(short, long)
    return ENGLISH.get(padded.strip(), padded.strip())
