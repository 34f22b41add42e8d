"""Values that come from outside: turned into plain numbers, or refused in words."""

from __future__ import annotations

import difflib
import math
import operator
import reprlib
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any, SupportsFloat

from eex.errors import BadPlaceError, BadQueryError

MAX_WEIGHT = 100.0
"""Largest weight of a part, up or down."""

BBox = tuple[float, float, float, float]
"""West, south, east, north, degrees; west > east crosses the antimeridian."""

_LAT_END = 90.0
_LON_END = 180.0


def shown(value: object) -> str:
    """Return a value as it is shown in a message: never long."""
    return reprlib.repr(value)


def check_place(lon: object, lat: object) -> tuple[float, float]:
    """Return longitude and latitude as numbers, refusing what is not on the globe.

    Raises:
        BadPlaceError: With what was probably meant.
    """
    try:
        lon, lat = number_of(lon, "longitude"), number_of(lat, "latitude")
    except BadQueryError as error:
        given = f"{shown(lon)} and {shown(lat)}"
        message = f"A place needs two numbers, longitude and latitude, got {given}."
        raise BadPlaceError(message) from error
    if abs(lat) <= _LAT_END and abs(lon) <= _LON_END:
        return lon, lat
    message = f"Latitude {lat:g}, longitude {lon:g} is not on the globe."
    swapped = abs(lon) <= _LAT_END and abs(lat) <= _LON_END
    hint = f"Swapped? Latitude {lon:g}, longitude {lat:g} is. " if swapped else ""
    raise BadPlaceError(
        message, hint=f"{hint}Latitudes run from -90 to 90, longitudes from -180 to 180."
    )


def read_bbox(value: object) -> BBox:
    """Read a box: west, south, east, north, degrees; west > east crosses the antimeridian.

    Raises:
        BadQueryError: If it is not four numbers, not on the globe, or upside down.
    """
    numbers = sequence(value, "bbox")
    if len(numbers) != 4:  # noqa: PLR2004
        message = f"A bbox has four numbers, west south east north; this one has {len(numbers)}."
        raise BadQueryError(message)
    west, south, east, north = (number_of(number, "bbox") for number in numbers)
    given = f"{west:g} {south:g} {east:g} {north:g}"
    order = "The order is west south east north, degrees."
    if max(abs(west), abs(east)) > _LON_END or max(abs(south), abs(north)) > _LAT_END:
        message = f"The bbox {given} is not on the globe."
        raise BadQueryError(message, hint=order)
    if south > north:
        message = f"The bbox {given} is upside down: south {south:g} lies north of {north:g}."
        raise BadQueryError(message, hint=f"{order} West > east crosses 180 degrees.")
    return west, south, east, north


def set_fields(record: object, **values: object) -> None:
    """Store plain numbers in a frozen record while it is being made."""
    for name, value in values.items():
        object.__setattr__(record, name, value)


def weight_of(value: object) -> float:
    """Return a weight as float, from -100 to 100."""
    weight = number_of(value, "weight")
    if abs(weight) > MAX_WEIGHT:
        message = f"A weight is from -{MAX_WEIGHT:g} to {MAX_WEIGHT:g}, got {weight:g}."
        raise BadQueryError(message)
    return weight


def integer(value: Any) -> int | None:  # noqa: ANN401
    """Return a whole number of any kind as int; None for anything else."""
    try:
        return None if isinstance(value, bool) else operator.index(value)
    except TypeError:
        return None


def check_unicode(text: str) -> None:
    """Refuse text that cannot be written, such as half of a surrogate pair."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        message = "The text is not valid Unicode."
        raise BadQueryError(message, hint="Check how it was read; UTF-8 is meant.") from error


def number_of(value: object, name: str) -> float:
    """Return a finite number of any kind as float."""
    if type(value) is float and math.isfinite(value):  # as most are: vectors have thousands
        return value
    number = math.nan
    if isinstance(value, SupportsFloat) and not isinstance(value, bool):
        with suppress(TypeError, ValueError, OverflowError):
            number = float(value)
    if not math.isfinite(number):
        message = f"{name} must be a number, got {shown(value)}."
        raise BadQueryError(message)
    return number


def sequence(value: object, name: str) -> Sequence[Any]:
    """Return the items of a list or an array."""
    if isinstance(value, str | bytes | Mapping) or not isinstance(value, Iterable):
        message = f"{name} must be a list, got {shown(value)}."
        raise BadQueryError(message)
    return list(value)


def check_keys(record: Mapping[str, Any], known: Sequence[str], what: str) -> None:
    """Refuse a key that is not known, with the nearest one that is."""
    for key in record:
        if key not in known:
            near = difflib.get_close_matches(str(key)[:40], known, n=1)
            message = f"{what} has no {shown(key)}."
            hint = f"Did you mean {near[0]!r}?" if near else f"It has: {', '.join(known)}."
            raise BadQueryError(message, hint=hint)
