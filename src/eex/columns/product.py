"""Which product a table is, and which of its columns plays which role: by name, never by order.

In: the Arrow schema of a table, and a mapping where the user gives one. Out: a `Product`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eex.columns.said import damaged
from eex.errors import BadQueryError, DamagedSetError

if TYPE_CHECKING:
    import pyarrow as pa

ROLES = ("embedding", "geometry", "lon", "lat", "id")
"""What columns can be mapped to."""

USUAL: dict[str, tuple[str, ...]] = {
    "embedding": ("embedding", "embeddings"),
    "geometry": ("geometry", "geom", "wkb_geometry"),
    "lon": ("centre_lon", "center_lon", "lon", "longitude"),
    "lat": ("centre_lat", "center_lat", "lat", "latitude"),
    "id": ("grid_cell", "tile_id", "id", "unique_id"),
}
"""Names that columns of each role have in published tables, the first that is there counts."""

SIGNATURES: tuple[tuple[str, frozenset[str]], ...] = (
    ("Major TOM", frozenset({"embedding", "grid_cell", "centre_lat", "centre_lon"})),
    ("GeoVibes", frozenset({"tile_id", "embedding", "geometry"})),
    ("Earth Index", frozenset({"geometry", "id", "embedding"})),
    ("Clay", frozenset({"geometry", "embeddings"})),
)
"""Columns that tell a product; the first whose columns are all there."""

NAMED_SHOWN = 20
"""Columns that an error lists."""


@dataclass(frozen=True, kw_only=True)
class Product:
    """What a table is, and its columns by role; a role that no column plays is empty."""

    name: str
    """Major TOM, Earth Index, Clay, GeoVibes; `mapping` where the user said, else `table`."""
    embedding: str
    """The vectors."""
    geometry: str = ""
    """Footprints or points."""
    lon: str = ""
    """Longitude of the centres, degrees."""
    lat: str = ""
    """Latitude of the centres, degrees."""
    id: str = ""
    """What a row is called."""
    crs: Any = None
    """Coordinate system of the geometry as GeoParquet has it, PROJJSON; None is OGC:CRS84."""


def product_of(
    schema: pa.Schema, columns: Mapping[str, str] | None = None, *, path: Path | str = "The table"
) -> Product:
    """Say which product a table is and which column plays which role.

    Args:
        schema: Of the table, with its metadata.
        columns: Role (see `ROLES`) to name of a column; where it is silent, the usual names count.
        path: Of the table, for messages.

    Raises:
        BadQueryError: If `columns` maps what is no role.
        DamagedSetError: If a column that is mapped is not there, or no column holds vectors or
            places; the hint names the columns found and how to map them.
    """
    given = dict(columns or {})
    _check_mapping(given, schema, path)
    geo = _geo(schema)
    roles = {role: given.get(role) or _usual(role, schema.names) for role in ROLES}
    primary = str(geo.get("primary_column", ""))
    if not given.get("geometry") and primary in schema.names:
        roles["geometry"] = primary
    if not (roles["lon"] and roles["lat"]) or ("geometry" in given and "lon" not in given):
        roles["lon"] = roles["lat"] = ""
    if not roles["embedding"]:
        raise _unmapped(path, "has no column of vectors that is called as usual", schema)
    if not roles["geometry"] and not roles["lon"]:
        raise _unmapped(path, "does not say where its tiles are", schema)
    if "embedding" in given:
        name = "mapping"
    else:
        name = next((n for n, needs in SIGNATURES if needs <= set(schema.names)), "table")
    return Product(name=name, **roles, crs=_crs(schema, geo, roles["geometry"]))


def crs_of(schema: pa.Schema, geometry: str) -> Any:  # noqa: ANN401
    """Return the coordinate system of a column of geometry, PROJJSON; None is OGC:CRS84."""
    return _crs(schema, _geo(schema), geometry)


def _check_mapping(given: Mapping[str, str], schema: pa.Schema, path: Path | str) -> None:
    twice = sorted({name for name in schema.names if schema.names.count(name) > 1})
    if twice:
        raise damaged(path, f"has two columns of one name: {', '.join(twice)}")
    for role, name in given.items():
        if role not in ROLES:
            message = f"{role!r} is nothing that a column can be mapped to."
            raise BadQueryError(message, hint=f"Choose among: {', '.join(ROLES)}.")
        if name and name not in schema.names:
            raise _unmapped(path, f"has no column `{name}` to take as {role}", schema)


def _usual(role: str, names: list[str]) -> str:
    spelt = {name.lower(): name for name in reversed(names)}
    return next((spelt[usual] for usual in USUAL[role] if usual in spelt), "")


def _unmapped(path: Path | str, what: str, schema: pa.Schema) -> DamagedSetError:
    import pyarrow as pa

    lists = [
        field.name
        for field in schema
        if pa.types.is_nested(field.type) and not pa.types.is_struct(field.type)
    ]
    shown = schema.names[:NAMED_SHOWN]
    more = f" and {len(schema.names) - len(shown)} more" if len(shown) < len(schema.names) else ""
    found = f"{', '.join(shown)}{more}" if shown else "none"
    example = f"embedding={lists[0]}" if lists else "embedding=NAME"
    hint = (
        f"Its columns are: {found}. Say which is which: --column {example}, and likewise for "
        f"{', '.join(ROLES[1:])}."
    )
    return damaged(path, what, hint=hint)


def _geo(schema: pa.Schema) -> dict[str, Any]:
    try:
        geo = json.loads((schema.metadata or {}).get(b"geo", b"{}"))
    except ValueError:
        return {}
    return geo if isinstance(geo, dict) else {}


def _crs(schema: pa.Schema, geo: dict[str, Any], geometry: str) -> Any:  # noqa: ANN401
    """Return the CRS of the geometry: of GeoParquet, or of GeoArrow where there is no such."""
    columns = geo.get("columns")
    told = columns.get(geometry) if isinstance(columns, dict) else None
    if isinstance(told, dict):
        return told.get("crs")
    if not geometry:
        return None
    metadata = schema.field(geometry).metadata or {}
    try:
        arrow = json.loads(metadata.get(b"ARROW:extension:metadata", b"{}") or b"{}")
    except ValueError:
        return None
    return arrow.get("crs") if isinstance(arrow, dict) else None
