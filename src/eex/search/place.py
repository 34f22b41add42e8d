"""Places as people type them become longitude and latitude."""

from __future__ import annotations

import re

from eex.errors import BadPlaceError
from eex.places import find_places
from eex.search.query import check_place

_NUMBER = r"([-+]?\d+(?:\.\d+)?)\s*°?\s*"
_PAIR = re.compile(rf"^\s*{_NUMBER}([NSEW]?)\s*[,; ]\s*{_NUMBER}([NSEW]?)\s*$", re.IGNORECASE)


def parse_place(text: str) -> tuple[float, float]:
    """Read a place: latitude and longitude, or a name.

    `48.9, 2.4`, `48.9N 2.4E`, `2.4E, 48.9N` and `Paris` are read. Two bare numbers are latitude,
    then longitude, as maps and phones show them.

    Returns:
        Longitude and latitude, degrees.

    Raises:
        BadPlaceError: If it is neither, or not on the globe.
    """
    match = _PAIR.match(text)
    if match is None:
        found = find_places(text, limit=1) if text.strip() else ()
        if found:
            return found[0].lon, found[0].lat
        message = f"{text!r} is not a place that is known here."
        hint = 'Give latitude and longitude, such as "48.9, 2.4", or the name of a larger place.'
        raise BadPlaceError(message, hint=hint)
    first, one, second, other = match.groups()
    axes = one.upper() + other.upper()
    values = [float(first), float(second)]
    signs = [-1.0 if axis.upper() in {"S", "W"} else 1.0 for axis in (one, other)]
    lat, lon = (value * sign for value, sign in zip(values, signs, strict=True))
    if len(axes) == 2 and axes[0] in "EW" and axes[1] in "NS":  # noqa: PLR2004
        lat, lon = lon, lat
    elif axes and not (len(axes) == 2 and axes[0] in "NS" and axes[1] in "EW"):  # noqa: PLR2004
        message = f"{text!r} does not have one latitude and one longitude."
        raise BadPlaceError(message, hint='Such as "48.9N 2.4E".')
    check_place(lon, lat)
    return lon, lat
