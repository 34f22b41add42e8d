"""Places as people type them become longitude and latitude."""

from __future__ import annotations

import re

from eex.errors import BadPlaceError
from eex.places import Place, find_places, fold
from eex.values import check_place, shown

LONGEST = 200
"""Most characters that are read as a place."""

POINT = "point"
"""Kind of a place that was given by its coordinates."""

_NUMBER = r"([-+]?\d{1,6}(?:\.\d{1,12})?) ?°? ?"
_PAIR = re.compile(rf"{_NUMBER}([NSEW])? ?[,;]? ?{_NUMBER}([NSEW])?", re.IGNORECASE)


def parse_place(text: str) -> Place:
    """Read a place: latitude and longitude, or a name.

    `48.9, 2.4`, `48.9N 2.4E`, `2.4E, 48.9N` and `Paris` are read. Two bare numbers are latitude,
    then longitude, as maps and phones show them. A name must be whole, or the beginning of only
    one that is known.

    Raises:
        BadPlaceError: If it is neither, or not on the globe.
    """
    match = _PAIR.fullmatch(" ".join(text[: LONGEST + 1].split())) if len(text) <= LONGEST else None
    if match is None:
        return _named(text[: LONGEST + 1])
    first, one, second, other = match.groups(default="")
    axes = (one + other).upper()
    signs = [-1.0 if axis.upper() in {"S", "W"} else 1.0 for axis in (one, other)]
    lat, lon = (float(v) * sign for v, sign in zip((first, second), signs, strict=True))
    if len(axes) == 2 and axes[0] in "EW" and axes[1] in "NS":  # noqa: PLR2004
        lat, lon = lon, lat
    elif axes and not (len(axes) == 2 and axes[0] in "NS" and axes[1] in "EW"):  # noqa: PLR2004
        message = f"{text!r} does not have one latitude and one longitude."
        raise BadPlaceError(message, hint='Such as "48.9N 2.4E".')
    check_place(lon, lat)
    return Place(name=text.strip(), kind=POINT, lon=lon, lat=lat, country="")


def _named(text: str) -> Place:
    found = find_places(text, limit=5) if text.strip() and len(text) <= LONGEST else ()
    if found and (len(found) == 1 or fold(found[0].name) == fold(text)):
        return found[0]
    message = f"{shown(text)} is not a place that is known here."
    hint = 'Give latitude and longitude, such as "48.9, 2.4", or the name of a larger place.'
    if found:
        hint = f"Did you mean {', '.join(place.name for place in found)}?"
    raise BadPlaceError(message, hint=hint)
