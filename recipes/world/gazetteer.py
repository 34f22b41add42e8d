"""The gazetteer `src/eex/data/places.tsv`: names of Natural Earth with a point inside each.

python recipes/world/gazetteer.py --data DIR
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import shapely
from named import english, outline
from sources import Feature, Sources

OUT = Path(__file__).parents[2] / "src" / "eex" / "data" / "places.tsv"

KINDS = {
    "Range/mtn": "mountains",
    "Pen/cape": "peninsula",
    "Geoarea": "region",
    "Island group": "islands",
    "Wetlands": "wetland",
    "Foothills": "mountains",
    "Dragons-be-here": "",
    "Alkaline Lake": "lake",
    "reef": "",
    "river": "",
}
"""Classes of Natural Earth in plain words; others are put in lower case; empty: left out."""

POPULATION_RANKS = (5_000_000, 1_000_000, 300_000, 100_000, 30_000)
"""A city above the first has rank 1, above the second 2, and so on; a capital one better."""

MORE_NAMES = {
    "United States": ("USA", "United States of America", "America"),
    "United Kingdom": ("UK", "Britain"),
    "United Arab Emirates": ("UAE",),
    "Democratic Republic Congo": ("Democratic Republic of the Congo", "DR Congo"),
    "Congo": ("Republic of the Congo",),
    "Czechia": ("Czech Republic",),
    "Myanmar": ("Burma",),
    "Ivory Coast": ("Cote d'Ivoire",),
    "Himalayas": ("Himalaya",),
    "Amazonas": ("Amazon", "Amazon River"),
    "Plateau of Tibet": ("Tibet", "Tibetan Plateau"),
    "Amazon Basin": ("Amazonia",),
    "Turkey": ("Turkiye",),
    "Netherlands": ("Holland",),
    "Rub\u2019 al Khali": ("Empty Quarter", "Rub al Khali"),
    "Lake Malawi": ("Lake Nyasa",),
    "Sahara": ("Sahara Desert",),
    "Kyiv": ("Kiev",),
    "Mumbai": ("Bombay",),
    "Kolkata": ("Calcutta",),
    "Ho Chi Minh City": ("Saigon",),
    "Beijing": ("Peking",),
}
"""Names that Natural Earth lacks."""


SHORTEST_OTHER = 3
"""Letters of the shortest further name taken from the layers: shorter ones are debris."""


@dataclass(frozen=True, order=True)
class Row:
    """One line of the gazetteer."""

    rank: int
    """1 is best known; 9 least."""
    name: str
    kind: str
    lon: float
    lat: float
    country: str
    other: tuple[str, ...] = ()
    """Other names."""

    def line(self) -> str:
        """Return the line, tab-separated."""
        where = f"{self.lon:.3f}\t{self.lat:.3f}"
        others = "|".join(self.other)
        return f"{self.name}\t{self.kind}\t{where}\t{self.country}\t{self.rank}\t{others}"


def rows(sources: Sources) -> list[Row]:
    """Return every place, best known first."""
    countries = sources.features("50m_admin_0_countries")
    outlines = [f.geometry for f in countries]
    names = [_clean(f.text("name_long")) for f in countries]
    tree = shapely.STRtree(outlines)

    def country_at(lon: float, lat: float) -> str:
        found = tree.query(shapely.Point(lon, lat), predicate="within")
        return names[found[0]] if len(found) else ""

    best: dict[tuple[str, str, str], Row] = {}
    for row in (*_countries(countries), *_cities(sources), *_regions(sources, set(names))):
        known = row if row.country else _with_country(row, country_at(row.lon, row.lat))
        key = (known.name.casefold(), known.kind, known.country)
        if key not in best or known.rank < best[key].rank:
            best[key] = known
    return sorted(best.values())


def inside(shape: shapely.Geometry) -> tuple[float, float]:
    """Return a point inside the largest part of a shape, its centroid where that is inside."""
    largest = max(shapely.get_parts(shapely.make_valid(shape)), key=_size)
    middle = largest.centroid
    if largest.geom_type == "Polygon":
        point = middle if largest.contains(middle) else largest.representative_point()
    else:
        point = largest.interpolate(0.5, normalized=True)
    return round(point.x, 3), round(point.y, 3)


def _size(part: shapely.Geometry) -> tuple[float, float]:
    return part.area, part.length


def _with_country(row: Row, country: str) -> Row:
    country = "" if row.kind in {"ocean", "sea", "continent"} else country
    return Row(row.rank, row.name, row.kind, row.lon, row.lat, country, row.other)


def _countries(countries: list[Feature]) -> Iterator[Row]:
    for f in countries:
        name = _clean(f.text("name_long"))
        others = _others(name, f.text("name"), f.text("name_alt"), f.text("name_ciawf"))
        rank = max(1, min(9, int(f.number("labelrank", 6)) - 1))
        yield Row(rank, name, "country", *inside(f.geometry), name, others)


def _cities(sources: Sources) -> Iterator[Row]:
    for f in sources.features("50m_populated_places_simple"):
        people = f.number("pop_max", 0)
        rank = 1 + sum(people < limit for limit in POPULATION_RANKS)
        rank = max(1, rank - 1) if f.number("adm0cap", 0) else rank + 1
        name = _clean(f.text("name"))
        others = _others(name, f.text("nameascii"), f.text("namealt"), f.text("meganame"))
        where = round(f.geometry.x, 3), round(f.geometry.y, 3)
        yield Row(rank, name, "city", *where, _country_name(f.text("adm0name")), others)


def _regions(sources: Sources, taken: set[str]) -> Iterator[Row]:
    for layer, key, offset in (
        ("10m_geography_regions_polys", "namealt", 1),
        ("50m_geography_marine_polys", "namealt", 1),
        ("50m_lakes", "name_alt", 3),
        ("50m_rivers_lake_centerlines", "name_alt", 2),
    ):
        for f in sources.features(layer):
            kind = f.text("featurecla")
            kind = "river" if "rivers" in layer else KINDS.get(kind, kind.lower())
            raw = f.text("name_en") or f.text("name")
            name = _clean(raw.title() if raw.isupper() else raw)
            part_of_lake = "Lake" in f.text("featurecla") and "lakes" not in layer
            if not name or not kind or part_of_lake or name in taken:
                continue
            river = (f"{name} River",) if kind == "river" and name.isascii() else ()
            others = river + _others(name, f.text("name") if not raw.isupper() else "", f.text(key))
            rank = max(1, min(9, int(f.number("scalerank", 6)) + offset))
            yield Row(rank, name, kind, *inside(outline(f)), "", others)


def _clean(name: str) -> str:
    name = " ".join(name.replace("\t", " ").replace("|", " ").split())
    if name.startswith("L. "):
        name = "Lake " + name[3:]
    name = name.replace(" Of ", " of ").replace(" The ", " the ").replace(" And ", " and ")
    return english(name) or name


def _country_name(name: str) -> str:
    """Return a country's name as the country layer's long names have it."""
    return {"United States of America": "United States"}.get(name, _clean(name))


def _others(name: str, *found: str) -> tuple[str, ...]:
    """Return further names, once each; those with letters lost in conversion are left out."""
    names = [_clean(part) for text in found for part in text.split("|") if part]
    names = [n for n in names if len(n) >= SHORTEST_OTHER and "?" not in n]
    return tuple(n for n in dict.fromkeys((*names, *MORE_NAMES.get(name, ()))) if n != name)


def main() -> int:
    """Write the gazetteer."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=os.environ.get("EEX_RECIPE_DATA"))
    arguments = parser.parse_args()
    if not arguments.data:
        parser.error("--data is needed (or EEX_RECIPE_DATA)")
    found = rows(Sources(arguments.data))
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text("\n".join(row.line() for row in found) + "\n", encoding="utf-8")
    print(f"{len(found)} places")
    return 0


if __name__ == "__main__":
    sys.exit(main())
