"""What is asked: one record, JSON-able and versioned, the same in Python, CLI, HTTP and files.

A query has parts. Each part becomes a unit vector; their weighted sum is the direction asked for.

    {"version": 1, "set": "world", "k": 10,
     "parts": [{"kind": "text", "text": "sand desert", "weight": 1.0}]}

`text`, `place` ([lon, lat]), `image` (base64) and `row` at the top level are short for a part.
"""

from __future__ import annotations

import base64
import difflib
import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar, Literal

from eex.config import MAX_K, MAX_TEXT
from eex.errors import BadPlaceError, BadQueryError
from eex.imagery.picture import picture_from_base64

VERSION = 1
"""Of the record; later versions read earlier ones."""

MAX_PARTS = 16
"""Most parts of one query."""

MAX_SPREAD_KM = 20_040
"""Half-way round the Earth, kilometres: nothing is further apart."""

MAX_WEIGHT = 100.0
"""Largest weight of a part, up or down."""

BBox = tuple[float, float, float, float]
"""West, south, east, north, degrees; west > east crosses the antimeridian."""

_LAT_END = 90.0
_LON_END = 180.0
_KEYS = (
    "version",
    "set",
    "parts",
    "k",
    "bbox",
    "spread_km",
    "top_percent",
    "text",
    "place",
    "image",
    "row",
    "weights",
)


@dataclass(frozen=True)
class TextPart:
    """Words."""

    kind: ClassVar[Literal["text"]] = "text"
    text: str
    """At most 2,000 characters."""
    weight: float = 1.0
    """Share in the sum; negative is away from."""

    def __post_init__(self) -> None:
        _check_weight(self.weight)
        if not isinstance(self.text, str) or not self.text.strip():
            message = "The text is empty."
            raise BadQueryError(message, hint='Describe a kind of land, such as "sand desert".')
        if len(self.text) > MAX_TEXT:
            message = f"The text has {len(self.text):,} characters; at most {MAX_TEXT:,} are read."
            raise BadQueryError(message, hint="A few words work best.")

    def to_json(self) -> dict[str, Any]:
        """Return the part as a JSON-able record."""
        return {"kind": self.kind, "text": self.text, "weight": self.weight}


@dataclass(frozen=True)
class ImagePart:
    """A picture, as the file's bytes."""

    kind: ClassVar[Literal["image"]] = "image"
    data: bytes
    """PNG, JPEG, WebP, TIFF, GIF or BMP."""
    weight: float = 1.0
    """Share in the sum; negative is away from."""

    def __post_init__(self) -> None:
        _check_weight(self.weight)

    def to_json(self) -> dict[str, Any]:
        """Return the part as a JSON-able record."""
        data = base64.b64encode(self.data).decode()
        return {"kind": self.kind, "data": data, "weight": self.weight}


@dataclass(frozen=True)
class PlacePart:
    """A place: tiles that look as the land there should look."""

    kind: ClassVar[Literal["place"]] = "place"
    lon: float
    """Degrees east, -180 to 180."""
    lat: float
    """Degrees north, -90 to 90."""
    weight: float = 1.0
    """Share in the sum; negative is away from."""

    def __post_init__(self) -> None:
        _check_weight(self.weight)
        check_place(self.lon, self.lat)

    def to_json(self) -> dict[str, Any]:
        """Return the part as a JSON-able record."""
        return {"kind": self.kind, "lon": self.lon, "lat": self.lat, "weight": self.weight}


@dataclass(frozen=True)
class RowPart:
    """A tile of the set: more like this one, or less with a negative weight."""

    kind: ClassVar[Literal["row"]] = "row"
    row: int
    """Row of the set."""
    weight: float = 1.0
    """Share in the sum; negative is away from."""

    def __post_init__(self) -> None:
        _check_weight(self.weight)
        if isinstance(self.row, bool) or not isinstance(self.row, int):
            message = f"A row is a whole number, got {self.row!r}."
            raise BadQueryError(message)

    def to_json(self) -> dict[str, Any]:
        """Return the part as a JSON-able record."""
        return {"kind": self.kind, "row": self.row, "weight": self.weight}


Part = TextPart | ImagePart | PlacePart | RowPart


@dataclass(frozen=True, kw_only=True)
class Query:
    """What is asked."""

    parts: tuple[Part, ...]
    """At least one."""
    set: str = "world"
    """Name or path of the set."""
    k: int | None = None
    """How many results, 1 to 50,000; None is 10, or all of them with `top_percent`."""
    bbox: BBox | None = None
    """Only tiles whose centre lies inside, before ranking."""
    spread_km: float | None = None
    """Least distance between results, kilometres; None is the set's own, 0 with `top_percent`."""
    top_percent: float | None = None
    """Only tiles among the best this many percent of those ranked, over 0 to 100."""

    def __post_init__(self) -> None:
        if not 1 <= len(self.parts) <= MAX_PARTS:
            message = f"A query has 1 to {MAX_PARTS} parts, this one has {len(self.parts)}."
            raise BadQueryError(message, hint="Give a text, an image, a place or a row.")
        if self.k is not None and (type(self.k) is not int or not 1 <= self.k <= MAX_K):
            message = f"k must be a whole number from 1 to {MAX_K:,}, got {self.k!r}."
            raise BadQueryError(message, hint="k is how many results are listed.")
        _check_bbox(self.bbox)
        km, percent = self.spread_km, self.top_percent
        if km is not None and not 0 <= _number(km, "spread_km") <= MAX_SPREAD_KM:
            message = f"spread_km must be from 0 to {MAX_SPREAD_KM:,}, got {km:g}."
            raise BadQueryError(message, hint="It is the least distance between results.")
        if percent is not None and not 0 < _number(percent, "top_percent") <= 100:  # noqa: PLR2004
            message = f"top_percent must be over 0 and at most 100, got {percent:g}."
            raise BadQueryError(message, hint="5 keeps the best twentieth.")

    def replaced(self, *, k: int, spread_km: float) -> Query:
        """Return the same query with these in place of what was not given."""
        return replace(self, k=k, spread_km=spread_km)

    @classmethod
    def from_json(cls, record: object) -> Query:
        """Read a query from a decoded JSON object.

        Raises:
            BadQueryError: If something in it is missing, unknown or out of range.
        """
        if not isinstance(record, Mapping):
            message = "A query is a JSON object."
            raise BadQueryError(message, hint='Such as {"text": "sand desert"}.')
        _check_keys(record, _KEYS, "A query")
        if record.get("version", VERSION) != VERSION:
            message = f"This query is of version {record['version']!r}; version {VERSION} is read."
            raise BadQueryError(message, hint="Update earth-embedding-explorer.")
        weights = record.get("weights") or {}
        if not isinstance(weights, Mapping):
            message = 'weights is an object such as {"text": 1, "place": 0.5}.'
            raise BadQueryError(message)
        parts = [_part(part) for part in _sequence(record.get("parts", ()), "parts")]
        parts += [
            _part({**_short(kind, record[kind]), "weight": weights.get(kind, 1.0)})
            for kind in ("text", "image", "place", "row")
            if record.get(kind) is not None
        ]
        bbox = record.get("bbox")
        given = {
            name: record[name]
            for name in ("k", "spread_km", "top_percent")
            if record.get(name) is not None
        }
        return cls(
            parts=tuple(parts),
            set=str(record.get("set", "world")),
            bbox=None if bbox is None else read_bbox(bbox),
            **given,
        )

    def to_json(self, *, pictures: bool = True) -> dict[str, Any]:
        """Return the query as a JSON-able record.

        Args:
            pictures: Put the bytes of pictures in, so that the record can be asked again; otherwise
                their SHA-256 stands for them.
        """
        record: dict[str, Any] = {"version": VERSION, "set": self.set}
        record["parts"] = [part.to_json() for part in self.parts]
        if not pictures:
            for part, entry in zip(self.parts, record["parts"], strict=True):
                if isinstance(part, ImagePart):
                    del entry["data"]
                    entry["sha256"] = hashlib.sha256(part.data).hexdigest()
        record["k"] = self.k
        record["bbox"] = None if self.bbox is None else list(self.bbox)
        record["spread_km"] = self.spread_km
        record["top_percent"] = self.top_percent
        return record


def check_place(lon: float, lat: float) -> None:
    """Refuse what is not on the globe.

    Raises:
        BadPlaceError: With what was probably meant.
    """
    try:
        finite = math.isfinite(lon) and math.isfinite(lat)
    except TypeError:
        finite = False
    if not finite:
        message = f"A place needs two numbers, longitude and latitude, got {lon!r} and {lat!r}."
        raise BadPlaceError(message)
    if abs(lat) <= _LAT_END and abs(lon) <= _LON_END:
        return
    message = f"Latitude {lat:g}, longitude {lon:g} is not on the globe."
    swapped = abs(lon) <= _LAT_END and abs(lat) <= _LON_END
    hint = f"Swapped? Latitude {lon:g}, longitude {lat:g} is. " if swapped else ""
    raise BadPlaceError(
        message, hint=f"{hint}Latitudes run from -90 to 90, longitudes from -180 to 180."
    )


def read_bbox(value: object) -> BBox:
    """Read a box from four numbers.

    Raises:
        BadQueryError: If they are not four numbers.
    """
    numbers = _sequence(value, "bbox")
    if len(numbers) != 4:  # noqa: PLR2004
        message = f"A bbox has four numbers, west south east north; this one has {len(numbers)}."
        raise BadQueryError(message)
    west, south, east, north = (_number(number, "bbox") for number in numbers)
    return west, south, east, north


def _check_bbox(bbox: BBox | None) -> None:
    if bbox is None:
        return
    west, south, east, north = bbox
    given = f"{west:g} {south:g} {east:g} {north:g}"
    order = "The order is west south east north, degrees."
    if max(abs(west), abs(east)) > _LON_END or max(abs(south), abs(north)) > _LAT_END:
        message = f"The bbox {given} is not on the globe."
        raise BadQueryError(message, hint=order)
    if south > north:
        message = f"The bbox {given} is upside down: south {south:g} lies north of {north:g}."
        raise BadQueryError(message, hint=f"{order} West > east crosses 180 degrees.")


def _check_weight(weight: float) -> None:
    if not abs(_number(weight, "weight")) <= MAX_WEIGHT:
        message = f"A weight is from -{MAX_WEIGHT:g} to {MAX_WEIGHT:g}, got {weight:g}."
        raise BadQueryError(message)


def _number(value: object, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        message = f"{name} must be a number, got {value!r}."
        raise BadQueryError(message)
    return float(value)


def _sequence(value: object, name: str) -> Sequence[Any]:
    if isinstance(value, str | bytes) or not isinstance(value, Sequence):
        message = f"{name} must be a list, got {value!r}."
        raise BadQueryError(message)
    return value


def _short(kind: str, value: Any) -> dict[str, Any]:  # noqa: ANN401
    if kind == "place":
        if isinstance(value, Mapping):
            return {"kind": kind, **value}
        lonlat = _sequence(value, "place")
        if len(lonlat) != 2:  # noqa: PLR2004
            message = f"A place is [lon, lat], got {list(lonlat)!r}."
            raise BadQueryError(message)
        return {"kind": kind, "lon": lonlat[0], "lat": lonlat[1]}
    return {"kind": kind, {"image": "data"}.get(kind, kind): value}


_KINDS: dict[str, type[Part]] = {
    part.kind: part for part in (TextPart, ImagePart, PlacePart, RowPart)
}


def _part(record: object) -> Part:
    if not isinstance(record, Mapping):
        message = f"A part is an object, got {record!r}."
        raise BadQueryError(message, hint='Such as {"kind": "text", "text": "sand desert"}.')
    kind = record.get("kind")
    if kind not in _KINDS:
        message = f"There is no kind of part called {kind!r}."
        raise BadQueryError(message, hint=f"Kinds: {', '.join(_KINDS)}.")
    made = _KINDS[kind]
    known = [field.name for field in fields(made)]
    _check_keys(record, ["kind", *known], f"A part of kind {kind!r}")
    values = {name: record[name] for name in known if name in record}
    lacking = [name for name in known if name not in values and name != "weight"]
    if lacking:
        message = f"A part of kind {kind!r} needs {lacking[0]!r}."
        raise BadQueryError(message)
    if kind == "image":
        if not isinstance(values["data"], str):
            message = "The data of a picture is base64 text."
            raise BadQueryError(message)
        values["data"] = picture_from_base64(values["data"])
    return made(**values)


def _check_keys(record: Mapping[str, Any], known: Sequence[str], what: str) -> None:
    for key in record:
        if key not in known:
            near = difflib.get_close_matches(str(key), known, n=1)
            message = f"{what} has no {key!r}."
            hint = f"Did you mean {near[0]!r}?" if near else f"It has: {', '.join(known)}."
            raise BadQueryError(message, hint=hint)
