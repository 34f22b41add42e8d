"""What an opened set says of itself: its record's words, else its files', else its name."""

from __future__ import annotations

import math
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

from eex.embeddings.header import SetHeader
from eex.errors import BadQueryError

if TYPE_CHECKING:
    import pyarrow as pa

    from eex.catalog.records import SetRecord
    from eex.catalog.targets import Target
    from eex.catalog.wish import Wish

SAME = (
    "model",
    "variant",
    "weights",
    "dim",
    "bands",
    "preprocessing",
    "quantization",
    "scale",
    "offset",
    "pixels",
    "crop",
    "tile_km",
    "spread_km",
    "licence",
    "attribution",
)
"""Fields that a record and a header have alike."""


POINTS_TO_PIXELS = {"grid_cell", "product_id", "parquet_url", "parquet_row"}
"""Columns of tables whose rows say where their pixels are, as in Major TOM."""


def header_for(target: Target, wish: Wish, schema: pa.Schema, *, name: str) -> SetHeader:
    """Return the header of a set: what the user said, then the catalogue, then the file.

    Args:
        target: The set.
        wish: What the user said of it.
        schema: Of its first file, with the metadata `emb` where it has such.
        name: What it is called here.

    Raises:
        DamagedSetError: If the file's own header cannot be read.
        BadQueryError: If integers cannot be scaled as was said.
    """
    told = (schema.metadata or {}).get(b"emb")
    record = target.record
    header = None if told is None else SetHeader.told_by(told)
    if header is None:
        title = record.title if target.known or target.kind == "hub" else name
        header = SetHeader(id=record.name, title=title, model="", dim=0)
    if target.known:
        header = replace(header, id=record.name, title=record.title, **_said(record))
    elif not header.pixels and set(schema.names) >= POINTS_TO_PIXELS:
        header = replace(header, pixels="majortom")
    own = {
        key: value
        for key in ("model", "variant", "weights", "scale", "offset")
        if (value := getattr(wish, key)) not in {"", None}
    }
    header = replace(header, **own)
    for key in ("scale", "offset"):
        value = getattr(header, key)
        if not math.isfinite(value) or (key == "scale" and not value):
            message = f"Numbers of vectors cannot be made with {value} as {key}."
            raise BadQueryError(message, hint="Give a scale that is not zero, and an offset.")
    return header


def _said(record: SetRecord) -> dict[str, Any]:
    """Return what a record says that a header has too, without what it leaves open."""
    plain = {field.name: field.default for field in fields(record)}
    said = {key: getattr(record, key) for key in SAME if getattr(record, key) != plain[key]}
    if record.examples:
        said["examples"] = tuple((title, dict(parts)) for title, parts in record.examples)
    return said
