"""The parts of a query: words, a picture, a place, tiles, a vector, an area, each with its weight.

A part is for every set that is asked and whose model takes it; with `set` for that one only.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np

from eex.config import MAX_TEXT
from eex.errors import BadQueryError
from eex.filters.record import Filter
from eex.imagery.picture import picture_bytes, picture_from_base64, read_picture
from eex.values import (
    check_keys,
    check_place,
    check_unicode,
    integer,
    number_of,
    sequence,
    set_fields,
    shown,
    weight_of,
)

MAX_NAME = 1000
"""Most characters of the name or path of a set."""

MAX_ROWS = 10_000
"""Most rows that are one example."""

MAX_NUMBERS = 16_384
"""Most numbers of a vector that is asked with."""

Picture = Any
"""A picture file's path or bytes, pixels (height, width, 3) of uint8, or a Pillow image."""


@dataclass(frozen=True)
class TextPart:
    """Words."""

    kind: ClassVar[Literal["text"]] = "text"
    text: str
    """At most 2,000 characters."""
    weight: float = 1.0
    """Share in the sum; negative is away from."""
    set: str = ""
    """The one set that it is asked of; empty for all that take it."""

    def __post_init__(self) -> None:
        _check_common(self)
        if not isinstance(self.text, str) or not self.text.strip():
            message = "The text is empty."
            raise BadQueryError(message, hint='Describe a kind of land, such as "sand desert".')
        if len(self.text) > MAX_TEXT:
            message = f"The text has {len(self.text):,} characters; at most {MAX_TEXT:,} are read."
            raise BadQueryError(message, hint="A few words work best.")
        check_unicode(self.text)

    def to_json(self) -> dict[str, Any]:
        """Return the part as a JSON-able record."""
        return _record(self, text=self.text)


@dataclass(frozen=True)
class ImagePart:
    """A picture, as the file's bytes."""

    kind: ClassVar[Literal["image"]] = "image"
    data: bytes
    """PNG, JPEG, WebP, TIFF, GIF or BMP."""
    weight: float = 1.0
    """Share in the sum; negative is away from."""
    set: str = ""
    """The one set that it is asked of; empty for all that take it."""

    def __post_init__(self) -> None:
        _check_common(self)

    def to_json(self) -> dict[str, Any]:
        """Return the part as a JSON-able record."""
        data = base64.b64encode(self.data).decode()
        return _record(self, data=data)


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
    set: str = ""
    """The one set that it is asked of; empty for all that take it."""

    def __post_init__(self) -> None:
        lon, lat = check_place(self.lon, self.lat)
        _check_common(self)
        set_fields(self, lon=lon, lat=lat)

    def to_json(self) -> dict[str, Any]:
        """Return the part as a JSON-able record."""
        return _record(self, lon=self.lon, lat=self.lat)


@dataclass(frozen=True)
class RowPart:
    """A tile of the set: more like this one, or less with a negative weight."""

    kind: ClassVar[Literal["row"]] = "row"
    row: int
    """Row of the first set that is asked, or of `set`."""
    weight: float = 1.0
    """Share in the sum; negative is away from."""
    set: str = ""
    """The set whose row it is, and the only one that is asked with it; empty for the first set,
    and in others the row of the same tile."""

    def __post_init__(self) -> None:
        _check_common(self)
        set_fields(self, row=_whole(self.row))

    def to_json(self) -> dict[str, Any]:
        """Return the part as a JSON-able record."""
        return _record(self, row=self.row)


@dataclass(frozen=True)
class RowsPart:
    """Tiles of a set as one example: the mean of their unit vectors."""

    kind: ClassVar[Literal["rows"]] = "rows"
    rows: tuple[int, ...]
    """Rows of the first set that is asked, or of `set`; at most 10,000."""
    weight: float = 1.0
    """Share in the sum; negative is away from."""
    set: str = ""
    """As for a row."""

    def __post_init__(self) -> None:
        _check_common(self)
        rows = sequence(self.rows, "rows")
        if not 1 <= len(rows) <= MAX_ROWS:
            message = f"A part of rows has 1 to {MAX_ROWS:,} of them, this one has {len(rows):,}."
            raise BadQueryError(message, hint="For many tiles, ask with an area or a vector.")
        set_fields(self, rows=tuple(map(_whole, rows)))

    def to_json(self) -> dict[str, Any]:
        """Return the part as a JSON-able record."""
        return _record(self, rows=list(self.rows))


@dataclass(frozen=True)
class VectorPart:
    """A direction in the space of the set's model, such as one that was computed elsewhere."""

    kind: ClassVar[Literal["vector"]] = "vector"
    vector: tuple[float, ...]
    """As many numbers as the vectors of the set have, of any length but zero."""
    weight: float = 1.0
    """Share in the sum; negative is away from."""
    set: str = ""
    """The one set that it is asked of; empty for the first."""

    def __post_init__(self) -> None:
        _check_common(self)
        numbers = self.vector
        if isinstance(numbers, np.ndarray):
            numbers = numbers.tolist()
        given = sequence(numbers, "vector")
        fits = 1 <= len(given) <= MAX_NUMBERS
        vector = tuple(number_of(number, "vector") for number in given) if fits else ()
        if not any(vector):
            message = f"A vector has 1 to {MAX_NUMBERS:,} numbers, not all zero."
            raise BadQueryError(message, hint=f"This one has {len(given):,}.")
        set_fields(self, vector=vector)

    def to_json(self) -> dict[str, Any]:
        """Return the part as a JSON-able record."""
        return _record(self, vector=list(self.vector))


@dataclass(frozen=True)
class AreaPart:
    """An area as example: the mean of the unit vectors of the tiles whose centres lie in it."""

    kind: ClassVar[Literal["area"]] = "area"
    inside: Filter
    """Which tiles: `bbox`, `area` (GeoJSON) or `near`, and whatever else a filter has."""
    weight: float = 1.0
    """Share in the sum; negative is away from."""
    set: str = ""
    """The one set that it is asked of; empty for all, each with its own tiles."""

    def __post_init__(self) -> None:
        _check_common(self)
        inside = self.inside
        if not isinstance(inside, Filter):
            inside = Filter.from_json(inside)
        if inside.empty:
            message = "An area as example needs to be somewhere."
            raise BadQueryError(message, hint="Give it `bbox`, `area` or `near`.")
        set_fields(self, inside=inside)

    def to_json(self) -> dict[str, Any]:
        """Return the part as a JSON-able record."""
        return _record(self, **self.inside.to_json())


Part = TextPart | ImagePart | PlacePart | RowPart | RowsPart | VectorPart | AreaPart


_KINDS: dict[str, type[Part]] = {
    part.kind: part
    for part in (TextPart, ImagePart, PlacePart, RowPart, RowsPart, VectorPart, AreaPart)
}


def part_from_json(record: object) -> Part:
    """Read a part from a decoded JSON object, or refuse it in words."""
    if not isinstance(record, Mapping):
        message = f"A part is an object, got {shown(record)}."
        raise BadQueryError(message, hint='Such as {"kind": "text", "text": "sand desert"}.')
    kind = record.get("kind")
    if not isinstance(kind, str) or kind not in _KINDS:
        message = f"There is no kind of part called {shown(kind)}."
        raise BadQueryError(message, hint=f"Kinds: {', '.join(_KINDS)}.")
    made = _KINDS[kind]
    if made is AreaPart:
        record = _area_record(record)
    known = [field.name for field in fields(made)]
    if kind == "image" and "sha256" in record and "data" not in record:
        message = "This record has only the SHA-256 of its picture, not the picture."
        raise BadQueryError(message, hint="Put the file's bytes into `data`, as base64.")
    check_keys(record, ["kind", *known], f"A part of kind {kind!r}")
    values = {name: record[name] for name in known if name in record}
    lacking = [name for name in known if name not in values and name not in {"weight", "set"}]
    if lacking:
        message = f"A part of kind {kind!r} needs {lacking[0]!r}."
        raise BadQueryError(message)
    if kind == "image":
        if not isinstance(values["data"], str):
            message = "The data of a picture is base64 text."
            raise BadQueryError(message)
        values["data"] = picture_from_base64(values["data"])
    return made(**values)


def _area_record(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return the record of an area with what says where it is in one place."""
    common = {"kind", "weight", "set"}
    where = {name: value for name, value in record.items() if name not in common}
    return {name: record[name] for name in common & set(record)} | {"inside": where}


def part_from_short(kind: str, value: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return the record of a part from its short form at the top level of a query."""
    if kind == "place":
        if isinstance(value, Mapping):
            return {"kind": kind, **value}
        lonlat = sequence(value, "place")
        if len(lonlat) != 2:  # noqa: PLR2004
            message = f"A place is [lon, lat], got {shown(lonlat)}."
            raise BadQueryError(message)
        return {"kind": kind, "lon": lonlat[0], "lat": lonlat[1]}
    return {"kind": kind, {"image": "data"}.get(kind, kind): value}


def image_bytes(image: Picture) -> bytes:
    """Return what stands for a picture in a query: the file's bytes, or PNG of pixels."""
    from PIL import Image

    if isinstance(image, bytes | bytearray | memoryview):
        return bytes(image)
    if isinstance(image, str | Path):
        return picture_bytes(image)
    if isinstance(image, np.ndarray):
        image = Image.fromarray(read_picture(image))
    if not isinstance(image, Image.Image):
        message = f"A picture is a path, bytes, pixels or a Pillow image, got {shown(image)}."
        raise BadQueryError(message)
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def lonlat_of(place: tuple[float, float]) -> tuple[float, float]:
    """Return longitude and latitude of a pair."""
    try:
        lon, lat = place
    except (TypeError, ValueError) as error:
        message = f"A place is (lon, lat), got {shown(place)}."
        raise BadQueryError(message) from error
    return lon, lat


def _check_common(part: Part) -> None:
    """Make the weight a number and check the name of the set."""
    set_fields(part, weight=weight_of(part.weight))
    if not isinstance(part.set, str) or len(part.set) > MAX_NAME:
        message = f"The set of a part is the name of one that is asked, got {shown(part.set)}."
        raise BadQueryError(message)


def _record(part: Part, **values: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return the record of a part; a set only where there is one."""
    record: dict[str, Any] = {"kind": part.kind, **values, "weight": part.weight}
    return record | ({"set": part.set} if part.set else {})


def _whole(value: object) -> int:
    row = integer(value)
    if row is None or not -(2**63) <= row < 2**63:
        message = f"A row is a whole number, got {shown(value)}."
        raise BadQueryError(message)
    return row
