"""Scenes of a file of STAC items: JSON (an item, an ItemCollection) or stac-geoparquet.

Source:
    STAC 1.0 and 1.1; STAC GeoParquet specification 1.0: one row an item, properties as columns,
    assets a structure of structures, the geometry WKB.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from eex.errors import SourceError
from eex.files import user_path
from eex.sources.parquet import check_read_here, client_of, is_address, opened, rows_of
from eex.sources.refs import Listed, Ref
from eex.sources.stac_bands import read_bands
from eex.sources.stac_items import Catalogue, scenes_of
from eex.sources.wanted import Wanted

if TYPE_CHECKING:
    from eex.config import Settings

MOST_JSON = 256 * 2**20
"""Longest file of JSON that is read, bytes; some 10,000 items."""

TOP = ("type", "stac_version", "stac_extensions", "id", "geometry", "bbox", "links", "assets")
"""Columns of stac-geoparquet that are no properties."""

ROWS = 1024
"""Rows that become items at a time."""


class ItemsSource:
    """Scenes of one file of STAC items, here or at an address."""

    name = "items"

    def __init__(
        self,
        settings: Settings,
        *,
        path: str,
        wanted: Wanted | None = None,
        bands: Mapping[str, str] | str = "",
    ) -> None:
        """Nothing is read before `refs`.

        Args:
            settings: Whether anything may be fetched, and where footers are kept.
            path: The file, or its address.
            wanted: Which scenes; all by default.
            bands: Band -> asset, or B04=red,B03=green, where they are not told by their usual
                names.
        """
        self._settings = settings
        self._path = str(path)
        self._wanted = wanted or Wanted()
        self._bands = read_bands(bands)
        check_read_here(self._path)
        name = urlsplit(self._path).path if is_address(self._path) else self._path
        self.title = f"Scenes of {PurePosixPath(name).name}"

    def asked(self) -> dict[str, Any]:
        """Return what is asked for, as JSON."""
        told = {"source": self.name, "path": self._path, **self._wanted.asked()}
        return told | ({"bands": self._bands} if self._bands else {})

    def refs(self, *, listed: Listed | None = None) -> list[Ref]:
        """Return the scenes, in order of time, then name.

        Raises:
            SourceError: If the file is none of STAC items, or none of them has the bands.
            RemoteError: If an address cannot be read.
        """
        catalogue = Catalogue(own=self._path, bands=self._bands)
        return list(scenes_of(self._items(), catalogue, self._wanted, listed=listed))

    def _items(self) -> Iterator[dict[str, Any]]:
        if self._path.lower().partition("?")[0].endswith((".parquet", ".geoparquet")):
            yield from self._rows()
            return
        record = self._json()
        features = record.get("features") if isinstance(record, Mapping) else None
        for item in features if isinstance(features, list) else [record]:
            if not isinstance(item, Mapping):
                message = f"{self._path} has something that is no STAC item."
                raise SourceError(message, hint="Give an item or an ItemCollection.")
            yield dict(item)

    def _rows(self) -> Iterator[dict[str, Any]]:
        """Yield the rows of a stac-geoparquet table as items; whole row groups are passed over."""
        clouds = self._wanted.cloud_cover
        within = {} if clouds is None else {"eo:cloud_cover": (0.0, clouds)}
        boxes = self._wanted.boxes()
        if boxes:
            west, south, east, north = zip(*boxes, strict=True)
            within["bbox.xmin"], within["bbox.xmax"] = (-180, max(east)), (min(west), 180)
            within["bbox.ymin"], within["bbox.ymax"] = (-90, max(north)), (min(south), 90)
        with opened(self._path, self._settings) as table:
            if not {"id", "geometry", "assets"} <= set(table.schema.names):
                message = f"{self._path} is not stac-geoparquet: it lacks id, geometry or assets."
                raise SourceError(message, hint="Image shards of Major TOM are listed by shards.")
            for _, rows in rows_of(table, table.schema.names, within):
                for low in range(0, rows.num_rows, ROWS):
                    for row in rows.slice(low, ROWS).to_pylist():
                        yield _item_of(row)

    def _json(self) -> Any:  # noqa: ANN401
        try:
            text = self._fetched() if is_address(self._path) else self._read()
            return json.loads(text)
        except (ValueError, RecursionError) as error:
            message = f"{self._path} is not JSON."
            hint = "Give STAC items as JSON, or as stac-geoparquet in a file named *.parquet."
            raise SourceError(message, hint=hint) from error

    def _read(self) -> bytes:
        path = user_path(self._path)
        try:
            with path.open("rb") as file:
                text = file.read(MOST_JSON + 1)
        except OSError as error:
            message = f"{path} cannot be read: {error.strerror or error}."
            raise SourceError(message, hint="Check the path.") from error
        self._check_length(len(text))
        return text

    def _fetched(self) -> bytes:
        client = client_of(self._settings)
        try:
            text, stamp = client.tail(self._path, MOST_JSON)
        finally:
            client.close()
        self._check_length(stamp.size)
        return text

    def _check_length(self, size: int) -> None:
        if size > MOST_JSON:
            message = f"{self._path} has more than {MOST_JSON >> 20} MiB."
            raise SourceError(message, hint="Write it as stac-geoparquet, or split it.")


def _item_of(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the item of a row: what a row lacks is null in its columns."""
    told = {key: _plain(value) for key, value in row.items() if key != "geometry"}
    told = {key: value for key, value in told.items() if value is not None}
    item = {key: told[key] for key in TOP if key in told}
    item["type"] = "Feature"
    item["geometry"] = _geometry(row.get("geometry"))
    if isinstance(item.get("bbox"), Mapping):
        box = item["bbox"]
        item["bbox"] = [box.get(side) for side in ("xmin", "ymin", "xmax", "ymax")]
    if "collection" in told:
        item["collection"] = told["collection"]
    item["properties"] = {k: v for k, v in told.items() if k not in (*TOP, "collection")}
    return item


def _plain(value: object) -> Any:  # noqa: ANN401
    """Return a value without what is null in it; times as text."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        inner = {key: _plain(each) for key, each in value.items()}
        return {key: each for key, each in inner.items() if each is not None} or None
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return value


def _geometry(value: object) -> dict[str, Any] | None:
    import shapely

    if not isinstance(value, bytes):
        return dict(value) if isinstance(value, Mapping) else None
    try:
        shape = shapely.from_wkb(value)
    except shapely.errors.ShapelyError:
        return None
    record: dict[str, Any] = json.loads(shapely.to_geojson(shape))
    return record
