"""Which product a table is, and which of its columns plays which role: by name, never by order.

In: the Arrow schema of a table, and a mapping where the user gives one. Out: a `Product`.
"""

from __future__ import annotations

import difflib
import json
import re
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

NUMBERED = re.compile(r"(.*?)([0-9]+)")
"""Name of a column that holds one number of a vector, as some products have them."""

ONE_COLUMN = (
    "COPY (SELECT *, list_value(*COLUMNS('^PREFIX[0-9]+$')) AS embedding FROM 'TABLE') "
    "TO 'vectors.parquet'"
)
"""What puts such columns into one."""

LEAST_NUMBERED = 8
"""Columns whose numbers run that are taken for a vector's."""


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
        raise _without_vectors(path, schema)
    if not roles["geometry"] and not roles["lon"]:
        what = "does not say where its tiles are"
        raise damaged(path, what, hint=f"{_found(schema)} {_places(schema.names)}")
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
            what = f"has no column `{name}` to take as {role}"
            likely = _likely(role, name, schema)
            hint = f"{_found(schema)} {f'Did you mean --column {role}={likely}?' if likely else ''}"
            raise damaged(path, what, hint=hint.rstrip())


def _usual(role: str, names: list[str]) -> str:
    spelt = {name.lower(): name for name in reversed(names)}
    return next((spelt[usual] for usual in USUAL[role] if usual in spelt), "")


def _found(schema: pa.Schema) -> str:
    shown = schema.names[:NAMED_SHOWN]
    more = f" and {len(schema.names) - len(shown)} more" if len(shown) < len(schema.names) else ""
    return f"Its columns are: {', '.join(shown) or 'none'}{more}."


def _likely(role: str, name: str, schema: pa.Schema) -> str:
    """Return the column that was probably meant for a role; empty if none comes near."""
    import pyarrow as pa

    if near := difflib.get_close_matches(name, schema.names, n=1):
        return near[0]
    if usual := _usual(role, schema.names):
        return usual
    vectors = [
        f.name for f in schema if not pa.types.is_struct(f.type) and pa.types.is_nested(f.type)
    ]
    return next((n for n in vectors if "bbox" not in n.lower()), "") if role == "embedding" else ""


def _places(names: list[str]) -> str:
    """Return how columns of places are named, as those of the table if any look like such."""
    spelt = {name.lower(): name for name in reversed(names)}
    lon, lat = (
        next((spelt[n] for n in (*usual, axis) if n in spelt), "NAME")
        for axis, usual in (("x", USUAL["lon"]), ("y", USUAL["lat"]))
    )
    return (
        f"Name those of the tiles' centres, in degrees: --column lon={lon} --column lat={lat}; or "
        "one of points or outlines: --column geometry=NAME."
    )


def _without_vectors(path: Path | str, schema: pa.Schema) -> DamagedSetError:
    if numbered := _numbered(schema):
        first, last, prefix = numbered
        what = f"has a column for each number of a vector, `{first}` to `{last}`, which is not read"
        sql = ONE_COLUMN.replace("PREFIX", re.escape(prefix)).replace("TABLE", str(path))
        return damaged(path, what, hint=f'Make them one column, with DuckDB: duckdb -c "{sql}"')
    likely = _likely("embedding", "embedding", schema) or "NAME"
    what = "has no column of vectors that is called as usual"
    return damaged(
        path, what, hint=f"{_found(schema)} Say which it is: --column embedding={likely}."
    )


def _numbered(schema: pa.Schema) -> tuple[str, str, str] | None:
    """Return the first and last of columns of numbers such as A00 to A63, and what they share."""
    import pyarrow as pa

    runs: dict[str, list[str]] = {}
    for field in schema:
        told = NUMBERED.fullmatch(field.name)
        if told and (pa.types.is_floating(field.type) or pa.types.is_integer(field.type)):
            runs.setdefault(told[1], []).append(field.name)
    for prefix, names in runs.items():
        numbers = [int(name.removeprefix(prefix)) for name in names]
        running = list(range(numbers[0], numbers[0] + len(numbers)))
        if len(names) >= LEAST_NUMBERED and numbers == running:
            return names[0], names[-1], prefix
    return None


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
