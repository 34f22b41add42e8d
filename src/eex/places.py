"""Names on the map and where they are, offline: about three thousand places of Natural Earth.

In: what somebody typed. Out: places, best first. The table `data/places.tsv` is made by
`recipes/world/gazetteer.py`; its points lie inside what they name.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

CREDIT = "Place names: Natural Earth (public domain)"
"""Credit line."""

EARTH_RADIUS_KM = 6371.0088
"""Mean radius of the Earth, kilometres (IUGG)."""

SHORTEST_TYPO = 4
"""Names and texts with fewer letters are never taken for a misspelling."""

LONGEST_NAME = 6
"""Words in the longest name that is looked for in a text."""

SHORTEST_IN_TEXT = 3
"""Names with fewer letters are not looked for in a text."""

AT_ONCE = 128
"""Places whose nearest city is looked for at a time; their cosines stay in a processor's cache."""

_ORDINARY = """
back banks bath bay billings bone bor buffalo central coast copper darling david delta desert don
douglas flores fox george grande ham hope ica island islands jackson lake le male man mary meta min
mobile moss most negro nice ocean of orange page palmer peace phoenix pico pine pit plain po rainy
reading red reunion river sal salt same savannah sea shire slave snake split sur tak tom tours
turkey union vale van verde victoria weir yellow
"""

ORDINARY = frozenset(_ORDINARY.split())
"""Names that are words too: in a text they count only with a capital letter."""

_PLAIN = str.maketrans({"ø": "o", "æ": "ae", "œ": "oe", "ß": "ss", "ł": "l", "đ": "d", "ð": "d"})
_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Place:
    """A place with a name."""

    name: str
    """As it is written in English, accents kept."""
    kind: str
    """What it is: country, city, mountains, desert, island, sea, lake, river ..."""
    lon: float
    """Longitude of a point inside it, degrees."""
    lat: float
    """Latitude of that point, degrees."""
    country: str
    """Country that the point lies in; empty at sea."""

    def to_json(self) -> dict[str, str | float]:
        """Return it as a JSON object."""
        return asdict(self)


class _Entry(NamedTuple):
    """One line of the table, read as little as needed."""

    names: tuple[str, ...]
    """Folded names, the usual one first."""
    rank: int
    """1 is best known."""
    line: tuple[str, ...]
    """Name, kind, lon, lat, country."""

    def place(self) -> Place:
        name, kind, lon, lat, country = self.line
        return Place(name, kind, float(lon), float(lat), country)


def find_places(text: str, *, limit: int = 8) -> tuple[Place, ...]:
    """Return places that a text may mean, best first.

    A whole name comes before its beginning, that before words inside a name ("paulo", "paris
    france"), those before names one letter away; among equals the better known comes first.
    Capitals and accents do not matter.

    Args:
        text: What was typed.
        limit: Most places to return.
    """
    wanted = fold(text)
    if not wanted or limit < 1:
        return ()
    words = wanted.split()
    found = [
        (closeness, entry.rank, len(entry.line[0]), number)
        for number, entry in enumerate(_table())
        if (closeness := _closeness(entry, wanted, words)) is not None
    ]
    if not found and len(wanted) >= SHORTEST_TYPO:
        found = [
            (0, entry.rank, len(entry.line[0]), number)
            for number, entry in enumerate(_table())
            if any(one_edit(wanted, name) for name in entry.names)
        ]
    return tuple(_table()[number].place() for *_, number in sorted(found)[:limit])


def places_in(text: str) -> tuple[Place, ...]:
    """Return the places whose names stand in a text, in the order of the text.

    The longest name wins ("New Guinea", not "Guinea"); of several places of one name, the best
    known is meant.
    """
    tokens = _WORD.findall(text)
    plain = [fold(token) for token in tokens]
    by_name = _by_name()
    found: dict[Place, None] = {}
    start = 0
    while start < len(tokens):
        for end in range(min(len(tokens), start + LONGEST_NAME), start, -1):
            name = " ".join(plain[start:end])
            ordinary = name in ORDINARY and not tokens[start][:1].isupper()
            if name in by_name and len(name) >= SHORTEST_IN_TEXT and not ordinary:
                found[by_name[name].place()] = None
                start = end - 1
                break
        start += 1
    return tuple(found)


def nearest_city(lon: float, lat: float) -> tuple[Place, float]:
    """Return the city nearest to a place, and the great-circle distance to it, kilometres.

    Args:
        lon: Longitude, degrees.
        lat: Latitude, degrees.
    """
    cities, directions = _cities()
    place = cities[int((directions @ _direction(lon, lat)).argmax())]
    return place, _distance_km(place.lon, place.lat, lon, lat)


def nearest_cities(lonlat: NDArray[np.float64]) -> tuple[tuple[Place, ...], NDArray[np.float64]]:
    """Return the city nearest to each of many places, and how far it is, see `nearest_city`.

    Args:
        lonlat: Longitude and latitude, degrees, shape (n, 2).

    Returns:
        A city for each place, and great-circle distances, shape (n,), kilometres.
    """
    import numpy as np

    cities, directions = _cities()
    along, phi = np.radians(lonlat).T
    flat = [np.cos(phi) * np.cos(along), np.cos(phi) * np.sin(along), np.sin(phi)]
    towards, across = np.stack(flat, axis=1), np.ascontiguousarray(directions.T)
    best = np.empty(len(lonlat), np.int64)
    for start in range(0, len(lonlat), AT_ONCE):
        some = slice(start, start + AT_ONCE)
        best[some] = (towards[some] @ across).argmax(axis=1)
    found = tuple(cities[number] for number in best.tolist())
    ends = np.array([(city.lon, city.lat) for city in cities])[best]
    return found, distances_km(ends, lonlat)


def distances_km(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return great-circle distances by the haversine formula, on the mean sphere (IUGG).

    Args:
        one: Longitude and latitude, degrees, shape (n, 2) or (2,).
        other: As many, or one.
    """
    import numpy as np

    lon, lat = np.radians(one).T
    lon2, lat2 = np.radians(other).T
    chord = np.sin((lat2 - lat) / 2) ** 2
    chord = chord + np.cos(lat) * np.cos(lat2) * np.sin((lon2 - lon) / 2) ** 2
    return 2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(np.minimum(1.0, chord)))


def labels() -> tuple[tuple[Place, int], ...]:
    """Return all places with their rank, 1 to about 9: 1 is best known; best known first."""
    ranked = sorted(_table(), key=lambda entry: entry.rank)
    return tuple((entry.place(), entry.rank) for entry in ranked)


def fold(text: str) -> str:
    """Return the words of a text in lower case, without accents and punctuation."""
    if text.isascii():
        return " ".join(_WORD.findall(text.lower()))
    apart = unicodedata.normalize("NFD", text.lower().translate(_PLAIN))
    return " ".join(_WORD.findall("".join(c for c in apart if not unicodedata.combining(c))))


def _closeness(entry: _Entry, wanted: str, words: list[str]) -> int | None:
    """Return 0 for the whole name, 1 for its beginning, 2 for words in it; None for no match."""
    if wanted in entry.names:
        return 0
    if any(name.startswith(wanted) for name in entry.names):
        return 1
    if not any(name.startswith(words[0]) or f" {words[0]}" in name for name in entry.names):
        return None
    inside = " ".join((*entry.names, fold(entry.line[-1]))).split()
    return 2 if all(any(w.startswith(word) for w in inside) for word in words) else None


def one_edit(one: str, other: str) -> bool:
    """Whether one letter changed, added, left out, or two neighbours swapped, join two words."""
    if abs(len(one) - len(other)) > 1:
        return False
    if len(one) > len(other):
        one, other = other, one
    start = 0
    while start < len(one) and one[start] == other[start]:
        start += 1
    rest, far = one[start:], other[start:]
    if len(one) < len(other):
        return rest == far[1:]
    return rest[1:] == far[1:] or (rest[2:] == far[2:] and rest[:2] == far[1::-1])


@cache
def _table() -> tuple[_Entry, ...]:
    raw = resources.files("eex").joinpath("data/places.tsv").read_text(encoding="utf-8")
    return tuple(_entries(raw.splitlines()))


def _entries(lines: Iterable[str]) -> Iterable[_Entry]:
    for line in lines:
        *fields, rank, other = line.split("\t")
        names = [fields[0], *other.split("|")] if other else fields[:1]
        yield _Entry(tuple(map(fold, names)), int(rank), tuple(fields))


@cache
def _cities() -> tuple[tuple[Place, ...], NDArray[np.float64]]:
    """Return the cities and where they lie as unit vectors, shape (cities, 3)."""
    import numpy as np

    cities = tuple(entry.place() for entry in _table() if entry.line[1] == "city")
    return cities, np.array([_direction(city.lon, city.lat) for city in cities])


def _direction(lon: float, lat: float) -> tuple[float, float, float]:
    """Return the unit vector from the centre of the Earth towards a place."""
    along, phi = math.radians(lon), math.radians(lat)
    return math.cos(phi) * math.cos(along), math.cos(phi) * math.sin(along), math.sin(phi)


def _distance_km(lon: float, lat: float, lon2: float, lat2: float) -> float:
    """Return the great-circle distance by the haversine formula, on the mean sphere (IUGG)."""
    phi, phi2 = math.radians(lat), math.radians(lat2)
    across = math.sin(math.radians(lon2 - lon) / 2) ** 2
    chord = math.sin((phi2 - phi) / 2) ** 2 + math.cos(phi) * math.cos(phi2) * across
    return 2 * EARTH_RADIUS_KM * math.asin(min(1.0, math.sqrt(chord)))


@cache
def _by_name() -> dict[str, _Entry]:
    """Return the best-known place of each name."""
    found: dict[str, _Entry] = {}
    for entry in _table():
        for name in entry.names:
            if name not in found or entry.rank < found[name].rank:
                found[name] = entry
    return found
