"""Where pixels of tiles come from: a reader of ours, a folder or a shard of Major TOM."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from eex.check.table import Table
from eex.config import Settings
from eex.encoders.base import EncoderSpec
from eex.errors import BadPictureError, BadQueryError, ShapeError
from eex.files import user_path
from eex.imagery.read import PixelReader, pixel_reader
from eex.imagery.sentinel2 import RGB, Scene, read_major_tom_folder, read_major_tom_row, read_scene
from eex.sources.beside import load_scenes
from eex.tiles import TileRef

if TYPE_CHECKING:
    from numpy.typing import NDArray

CENTRE, CORNER, WHOLE = "centre", "corner", "whole"
"""Which part of a tile's raster was encoded."""

FOUR = 4
"""Numbers of a pixel box."""

Key = tuple[str, str]
"""Grid cell and product; an empty product stands for any."""


class Pixels(Protocol):
    """Gives pixels of some rows of a table."""

    def rows(self, table: Table) -> list[int]:
        """Return the rows whose pixels are to be had."""
        ...

    def read(self, table: Table, row: int, spec: EncoderSpec) -> Scene | NDArray[np.uint8]:
        """Return the pixels of a row: a scene, or a picture as the set's reader gives it."""
        ...


def pixels_of(source: str | Path | None, table: Table, *, settings: Settings) -> Pixels:
    """Return where pixels come from.

    Args:
        source: A folder that has tiles of Major TOM somewhere below, or a shard (.parquet); None
            for the reader that the table's header names, or for shards where its rows name them.
        table: The table.
        settings: For the reader.

    Raises:
        BadQueryError: If none is given and the table names no reader.
        BadPictureError: If there is nothing at that path.
    """
    if source is None:
        name = "" if table.header is None else table.header.pixels
        if not name and any(table.column("parquet_url")):
            name = "majortom"
        if not name:
            message = f"{table.path.name} does not say how its pixels are read."
            hint = "Give --pixels: a folder or a Parquet shard of Major TOM Core-S2L2A."
            raise BadQueryError(message, hint=hint)
        reader = pixel_reader(name, settings=settings)
        if (use := getattr(reader, "use_scenes", None)) is not None and table.header is not None:
            use(load_scenes(table.path), table.header, table.path.absolute().parent)
        return _Reader(reader)
    path = user_path(source)
    if path.is_dir():
        return _Folder(path)
    if path.is_file():
        return _Shard(path)
    message = f"There are no pixels at {path}."
    raise BadPictureError(message, hint="Give a folder or a Parquet shard of Major TOM.")


class _Reader:
    """The set's own reader."""

    def __init__(self, reader: PixelReader) -> None:
        self.reader = reader

    def rows(self, table: Table) -> list[int]:
        return list(range(len(table)))

    def read(self, table: Table, row: int, spec: EncoderSpec) -> Scene | NDArray[np.uint8]:
        lon, lat = table.lonlat([row])[0]
        told = table.about.slice(row, 1).to_pylist()[0]
        group = told.get("parquet_row")
        box: list[int] = told.get("pixel_bbox") or []
        tile = TileRef(
            lon=float(lon),
            lat=float(lat),
            grid_cell=str(told.get("grid_cell") or ""),
            product_id=str(told.get("product_id") or ""),
            timestamp=str(told.get("timestamp") or ""),
            parquet_url=str(told.get("parquet_url") or ""),
            parquet_row=-1 if group is None else int(group),
            crs=str(told.get("utm_crs") or ""),
            pixel_bbox=(box[0], box[1], box[2], box[3]) if len(box) == FOUR else None,
            scene=str(told.get("scene") or ""),
        )
        if tile.scene:  # built here: what was embedded, cut already
            return self.reader.encoder_input([tile], bands=_bands(spec))[0]
        if not tile.parquet_url:
            return self.reader.encoder_input([tile])[0]
        read = self.reader.pixels(tile, kind="bands", bands=_bands(spec), crop="whole")
        return read.scene()  # of which part the vector was made is found out by who asks


class _Keyed:
    """Pixels that are found by grid cell and product."""

    def __init__(self, keys: dict[Key, Any]) -> None:
        self.keys = keys
        cells: dict[str, list[Key]] = {}
        for key in keys:
            cells.setdefault(key[0], []).append(key)
        self.cells = cells
        self.of_row: dict[int, Key] = {}

    def rows(self, table: Table) -> list[int]:
        pairs = zip(table.column("grid_cell"), table.column("product_id"), strict=True)
        for row, (cell, product) in enumerate(pairs):
            if (key := self._key(cell, product)) is not None:
                self.of_row[row] = key
        return list(self.of_row)

    def _key(self, cell: str | None, product: str | None) -> Key | None:
        """Return the key of a row; one product of a cell stands for a row that names none."""
        given = self.cells.get(str(cell), [])
        if product:
            same = [key for key in given if key[1] in {"", product}]
            return same[0] if same else None
        return given[0] if len(given) == 1 else None


class _Folder(_Keyed):
    """Tiles below a folder: .../CELL/PRODUCT/B04.tif, or CELL.tif with every band."""

    def __init__(self, folder: Path) -> None:
        keys: dict[Key, Path] = {}
        for file in sorted(folder.rglob("*.tif")):
            if file.stem == "B04":
                keys[file.parent.parent.name, file.parent.name] = file.parent
            elif file.stem.split("_")[0][-1:] in {"U", "D"}:  # 454U_120R.tif
                keys["_".join(file.stem.split("_")[:2]), ""] = file
        super().__init__(keys)

    def read(self, table: Table, row: int, spec: EncoderSpec) -> Scene:
        del table
        path: Path = self.keys[self.of_row[row]]
        if path.is_dir():
            return read_major_tom_folder(path, bands=_bands(spec))
        return read_scene(path)


class _Shard(_Keyed):
    """Samples of one image shard of Major TOM."""

    def __init__(self, path: Path) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            with pq.ParquetFile(path) as file:
                names = [n for n in ("grid_cell", "product_id") if n in file.schema_arrow.names]
                about = file.read(columns=names).to_pylist()
        except (OSError, pa.ArrowException) as error:
            message = f"{path} is not a Parquet file that can be read."
            raise BadPictureError(message, hint="Give an image shard of Major TOM.") from error
        self.path = path
        super().__init__(
            {(str(r.get("grid_cell")), str(r.get("product_id") or "")): None for r in about}
        )

    def read(self, table: Table, row: int, spec: EncoderSpec) -> Scene:
        del table
        cell, product = self.of_row[row]
        return read_major_tom_row(self.path, cell, product_id=product, bands=_bands(spec))


def crops_of(table: Table, rows: Sequence[int], size: int) -> dict[str, list[tuple[int, ...]]]:
    """Return the windows that may have been encoded: (top, left, bottom, right) of each row.

    Tables say the window in `pixel_bbox` as row, column, row, column. Where one begins at 0, 0, it
    may be of a raster that was cut before, as the published tables of 384-pixel centre crops are:
    both are tried. An empty window stands for the whole raster.

    Args:
        table: The table.
        rows: Rows that are checked.
        size: Pixels down and across around the centre, where the user says so; else 0.
    """
    if size:
        return {CENTRE: [(-1, -1, size, size)] * len(rows)}
    boxes = table.column("pixel_bbox")
    windows = [tuple(int(n) for n in boxes[row]) if boxes[row] else () for row in rows]
    if not any(windows):
        return {WHOLE: [()] * len(rows)}
    if any(window[:2] not in {(), (0, 0)} for window in windows):
        return {CORNER: windows}
    centred = [(-1, -1, *window[2:]) if window else () for window in windows]
    return {CENTRE: centred, CORNER: windows}


def cut(scene: Scene, window: tuple[int, ...]) -> Scene:
    """Return a window of a scene; a corner of -1 stands for a square around the centre.

    Raises:
        ShapeError: If the scene is smaller.
    """
    if not window:
        return scene
    top, left, bottom, right = window
    if top < 0:
        return scene if scene.dn.shape[1:] == (bottom, right) else scene.centre(bottom)
    if scene.dn.shape[1:] == (bottom - top, right - left):
        return scene  # it is the window already
    if bottom > scene.dn.shape[1] or right > scene.dn.shape[2]:
        message = f"{scene.name} is smaller than the window {list(window)} of its row."
        raise ShapeError(message, hint="Give the whole tiles.")
    a, b, c, d, e, f = scene.transform
    return replace(
        scene,
        dn=scene.dn[:, top:bottom, left:right],
        transform=(a, b, a * left + b * top + c, d, e, d * left + e * top + f),
    )


def _bands(spec: EncoderSpec) -> tuple[str, ...]:
    return RGB if spec.pixels == "picture" else spec.bands
