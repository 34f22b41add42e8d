"""What users type becomes a source of scenes: one call for the command line and for Python.

source_of("stac", settings, area="Tokyo, 30", dates="2024-01/2024-03", cloud_cover=20)
source_of("folder", settings, paths=["scenes"], bands="B04,B03,B02")
"""

from __future__ import annotations

import inspect
import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from eex.errors import BadQueryError
from eex.extent.area import Area
from eex.extent.periods import OPEN
from eex.files import user_path
from eex.places import EARTH_RADIUS_KM, find_places, fold
from eex.registry import find, names, unknown_name
from eex.sources.refs import SceneSource
from eex.sources.wanted import Wanted, box_polygons
from eex.values import check_place, number_of, read_bbox, shown

if TYPE_CHECKING:
    from eex.config import Settings

CITY_KM = 20.0
"""Kilometres round a city where no distance is given."""

MOST_KM = 5_000.0
"""Largest distance round a place."""

CORNERS = 72
"""Of the polygon that stands for a circle; its sides cut off 0.1 percent of the radius."""

LONGEST = 200
"""Characters of the longest text that may be a place."""

BOX, CIRCLE = 4, 3
"""How many numbers are a box, and a place with a distance."""

_MONTHS = re.compile(r"(\d\d)/(\d\d)")
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d*)?")
_WANTED = ("area", "dates", "season", "cloud_cover", "limit")


def kinds() -> tuple[str, ...]:
    """Return the names of the sources of scenes that are installed."""
    return names("eex.scenes")


def source_of(kind: str, settings: Settings, **options: object) -> SceneSource:
    """Return a source of scenes.

    Args:
        kind: Its name, such as stac; see `kinds`.
        settings: Where things are kept, and whether anything may be fetched.
        options: `area`, `dates`, `season`, `cloud_cover` and `limit`, see `wanted_of`; the rest is
            the source's own, such as `api` and `collection` of stac. What is None is not given.

    Raises:
        UnknownNameError: If there is no such source.
        BadQueryError: If an option makes no sense, or the source has no such option.
    """
    make = cast("Callable[..., SceneSource]", find("eex.scenes", kind))
    given = {name: value for name, value in options.items() if value is not None}
    wanted = wanted_of(**{name: given.pop(name) for name in _WANTED if name in given})
    needed, other = options_of(kind)
    known = inspect.signature(make).parameters.values()
    for name in given:
        if name not in {*needed, *other} and not any(p.kind is p.VAR_KEYWORD for p in known):
            error = unknown_name(f"option of {kind}", name, (*needed, *other, *_WANTED))
            raise BadQueryError(error.message, hint=error.hint) from error
    if lacking := [name for name in needed if name not in given]:
        message = f"The source {kind} needs {' and '.join(lacking)}."
        hint = f"Give {', '.join(f'{name}=…' for name in lacking)}"
        raise BadQueryError(message, hint=hint)
    return make(settings, wanted=wanted, **given)


def options_of(kind: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the names of a source's own options: those it needs, those it may do without.

    Raises:
        UnknownNameError: If there is no such source.
    """
    make = cast("Callable[..., SceneSource]", find("eex.scenes", kind))
    named = [
        p
        for name, p in inspect.signature(make).parameters.items()
        if p.kind in {p.KEYWORD_ONLY, p.POSITIONAL_OR_KEYWORD}
        and name not in {"settings", "wanted"}
    ]
    needed = tuple(p.name for p in named if p.default is p.empty)
    return needed, tuple(p.name for p in named if p.default is not p.empty)


def wanted_of(
    *,
    area: object = None,
    dates: object = None,
    season: object = None,
    cloud_cover: object = None,
    limit: object = None,
) -> Wanted:
    """Return what is asked for.

    Args:
        area: See `area_of`.
        dates: A date, or first and last as START/END; `..` is open: 2024, 2024-01/2024-03, 2024/..
        season: First and last day of every year, 06-01/08-31, or month, 06/08.
        cloud_cover: Most clouds, percent.
        limit: Most scenes.

    Raises:
        BadQueryError: If one makes no sense.
    """
    place, found = area_of(area) if area is not None else ("", None)
    most = None if limit is None else number_of(_text_number(limit), "limit")
    if most is not None and most != int(most):
        message = f"limit is a whole number of scenes, got {shown(limit)}."
        raise BadQueryError(message, hint="Such as 100.")
    return Wanted(
        area=found,
        place=place,
        time=None if dates is None else cast("tuple[str, str]", _ends(dates)),
        season=None if season is None else cast("tuple[str, str]", season_of_text(season)),
        cloud_cover=(
            None if cloud_cover is None else number_of(_text_number(cloud_cover), "cloud_cover")
        ),
        most=None if most is None else int(most),
    )


def area_of(value: object) -> tuple[str, Area]:
    """Return an area and what it is called.

    Args:
        value: GeoJSON, as a record, as text or as the name of a file; a box, west south east north;
            a place as latitude, longitude and kilometres; or a name, such as Tokyo, with
            kilometres behind a comma, which only cities may lack.

    Raises:
        BadQueryError: If it is none of these.
    """
    if isinstance(value, Area | Mapping) or (isinstance(value, str) and "{" in value[:8]):
        return "", Area.of(value)
    if not isinstance(value, str):
        return "", _box(value)
    text = value.strip()
    numbers = [float(n) for n in re.split(r"[\s,;]+", text[:LONGEST]) if _NUMBER.fullmatch(n)]
    only = not re.sub(r"[\s\d,;.+-]", "", text)
    if only and len(numbers) == BOX:
        return "", _box(numbers)
    if only and len(numbers) == CIRCLE:
        lat, lon, km = numbers
        return "", circle(lon, lat, km)
    if text.lower().endswith((".json", ".geojson")):
        try:
            return "", Area.from_file(user_path(text))
        except BadQueryError as error:  # a point, such as filters take by another name
            hint = error.hint.replace("use `near`, such as 48.9", "give --area '48.9")
            hint = hint.replace("2.4, 50.", "2.4, 50'.")
            raise BadQueryError(error.message, hint=hint) from error
    return _named(text)


def circle(lon: float, lat: float, km: float) -> Area:
    """Return the area round a place, as a polygon of 72 corners on the circle.

    Raises:
        BadQueryError: If there is no such place, or the distance makes no sense.
    """
    lon, lat = check_place(lon, lat)
    if not 0 < km <= MOST_KM:
        message = f"An area round a place has 0 to {MOST_KM:,g} km, got {km:g}."
        raise BadQueryError(message, hint="Give kilometres, such as 30, or GeoJSON.")
    angle, phi = km / EARTH_RADIUS_KM, math.radians(lat)
    ring = []
    for corner in range(CORNERS):
        course = -2 * math.pi * corner / CORNERS  # counter-clockwise, from the north
        sine = math.sin(phi) * math.cos(angle) + math.cos(phi) * math.sin(angle) * math.cos(course)
        across = math.sin(course) * math.sin(angle) * math.cos(phi)
        east = math.atan2(across, math.cos(angle) - math.sin(phi) * sine)
        there = (lon + math.degrees(east) + 540) % 360 - 180
        ring.append([there, math.degrees(math.asin(max(-1.0, min(1.0, sine))))])
    return Area.of({"type": "Polygon", "coordinates": [[*ring, ring[0]]]})


def season_of_text(value: object) -> object:
    """Return a season as days; months, such as 06/08, are from their first day to their last."""
    match = _MONTHS.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        return value
    first, last = match.groups()
    end = {"02": "29", "04": "30", "06": "30", "09": "30", "11": "30"}.get(last, "31")
    return f"{first}-01/{last}-{end}"


def _named(text: str) -> tuple[str, Area]:
    name, comma, distance = text.rpartition(",")
    number = distance.strip().lower().removesuffix("km").strip()
    if comma and _NUMBER.fullmatch(number):
        text, km = name.strip(), float(number)
    else:
        km = None
    found = find_places(text, limit=5) if 0 < len(text) <= LONGEST else ()
    exact = [place for place in found if fold(place.name) == fold(text)]
    if not found:
        message = f"{shown(text)} is no place that is known here, and no file of GeoJSON."
        hint = (
            "Give a box (west,south,east,north), latitude,longitude,km, a name such as "
            "'Tokyo, 30', or a file *.geojson."
        )
        raise BadQueryError(message, hint=hint)
    place = (exact or found)[0]
    if km is None and place.kind != "city":
        message = f"{place.name} is a {place.kind}; here only a point in it is known."
        hint = f"Give kilometres round it, '{place.name}, 50', or its outline as a GeoJSON file."
        raise BadQueryError(message, hint=hint)
    km = CITY_KM if km is None else km
    return f"{place.name}, {km:g} km", circle(place.lon, place.lat, km)


def _box(value: object) -> Area:
    return Area.of({"type": "MultiPolygon", "coordinates": box_polygons(read_bbox(value))})


def _ends(dates: object) -> tuple[object, object]:
    """Return first and last date; one alone is both."""
    parts: Sequence[object] = dates.split("/") if isinstance(dates, str) else cast("Any", dates)
    parts = [parts] if not isinstance(parts, list | tuple) else list(parts)
    if len(parts) == 1:
        parts = [parts[0], parts[0]]
    if len(parts) != 2:  # noqa: PLR2004
        message = f"dates are a first and a last one, got {shown(dates)}."
        raise BadQueryError(message, hint="Such as 2024-01/2024-03, 2024, or 2024-06-01/..")
    first, last = ("" if part in {None, OPEN} else part for part in parts)
    return first, last


def _text_number(value: object) -> object:
    """Return a number that may be typed."""
    if isinstance(value, str):
        try:
            return json.loads(value.strip().removesuffix("%").strip())
        except ValueError:
            return value
    return value
