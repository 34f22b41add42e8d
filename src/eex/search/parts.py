"""The parts of a query: words, a picture, a place, a tile, each with its weight."""

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
from eex.imagery.picture import picture_bytes, picture_from_base64, read_picture
from eex.values import (
    check_keys,
    check_place,
    check_unicode,
    integer,
    sequence,
    set_fields,
    shown,
    weight_of,
)

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

    def __post_init__(self) -> None:
        set_fields(self, weight=weight_of(self.weight))
        if not isinstance(self.text, str) or not self.text.strip():
            message = "The text is empty."
            raise BadQueryError(message, hint='Describe a kind of land, such as "sand desert".')
        if len(self.text) > MAX_TEXT:
            message = f"The text has {len(self.text):,} characters; at most {MAX_TEXT:,} are read."
            raise BadQueryError(message, hint="A few words work best.")
        check_unicode(self.text)

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
        set_fields(self, weight=weight_of(self.weight))

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
        lon, lat = check_place(self.lon, self.lat)
        set_fields(self, weight=weight_of(self.weight), lon=lon, lat=lat)

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
        row = integer(self.row)
        if row is None:
            message = f"A row is a whole number, got {shown(self.row)}."
            raise BadQueryError(message)
        set_fields(self, weight=weight_of(self.weight), row=row)

    def to_json(self) -> dict[str, Any]:
        """Return the part as a JSON-able record."""
        return {"kind": self.kind, "row": self.row, "weight": self.weight}


Part = TextPart | ImagePart | PlacePart | RowPart


_KINDS: dict[str, type[Part]] = {
    part.kind: part for part in (TextPart, ImagePart, PlacePart, RowPart)
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
    known = [field.name for field in fields(made)]
    if kind == "image" and "sha256" in record and "data" not in record:
        message = "This record has only the SHA-256 of its picture, not the picture."
        raise BadQueryError(message, hint="Put the file's bytes into `data`, as base64.")
    check_keys(record, ["kind", *known], f"A part of kind {kind!r}")
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
