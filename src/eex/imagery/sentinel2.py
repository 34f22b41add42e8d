"""Sentinel-2 rasters: files, Major TOM folders and shards become scenes with named bands.

Everything about Sentinel-2 pixels is to be had from here: what a `Scene` is stands in `scene.py`,
how one is shown in `tone.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from eex.errors import BadPictureError, BadQueryError, ShapeError
from eex.files import user_path
from eex.imagery.geotiff import Raster, raster_layout, read_raster
from eex.imagery.scene import (
    L1C,
    L2A,
    RGB,
    Scene,
    check_there,
    digital_numbers,
    named,
)
from eex.imagery.tone import thumbnail_tone, true_colour
from eex.registry import unknown_name
from eex.sources.names import taken, time_of

if TYPE_CHECKING:
    import pyarrow as pa

MAX_VALUES = 48_000_000
"""Most numbers of the bands of one tile far away, together: 12 bands of 2,000 x 2,000 pixels. Real
tiles have 14 million at most; a server reads eight at a time."""

LONGEST_NUMBER = 4
"""Most bytes of one digital number: uint16, or float32 where they were worked on."""

__all__ = [
    "L1C",
    "L2A",
    "RGB",
    "Scene",
    "digital_numbers",
    "read_major_tom_folder",
    "read_major_tom_row",
    "read_scene",
    "scene_of_cells",
    "thumbnail_tone",
    "true_colour",
]


def read_scene(path: str | Path, *, bands: Sequence[str] = (), centre: int | None = None) -> Scene:
    """Read a Sentinel-2 raster: a GeoTIFF, or a folder of Major TOM.

    Args:
        path: A GeoTIFF with one band or more, or a folder with B01.tif to B12.tif.
        bands: Names of all bands of the file, in its order. By default its own names count where
            it has them (B4, B04, …), else 12 bands are the L2A ones in the usual order and 13 the
            L1C ones. For a folder: which bands to read.
        centre: Pixels down and across to read around its centre; all of it by default.

    Raises:
        BadPictureError: If it is missing, not a whole GeoTIFF, or over 40 million pixels.
        ShapeError: If bands have no names, or pixels are NaN, negative, or reflectances.
        MissingExtraError: If rasterio is not installed.
    """
    path = user_path(path)
    if path.is_dir():
        scene = read_major_tom_folder(path, bands=bands or L2A)
        return scene if centre is None else scene.centre(centre)
    raster = read_raster(
        path, lambda texts: named(texts, tuple(bands), name=path.name), centre=centre
    )
    return Scene(
        bands=raster.names,
        dn=digital_numbers(raster.values, nodata=raster.nodata, name=path.name),
        transform=raster.transform,
        crs=raster.crs,
        when=taken(path.absolute().as_posix()),
        name=path.stem,
    )


def read_major_tom_folder(folder: str | Path, *, bands: Sequence[str] = L2A) -> Scene:
    """Read one product of Major TOM Core-S2L2A as unpacked: B01.tif to B12.tif and B8A.tif.

    Bands of 20 and 60 m are brought to 10 m by repeating pixels, as Major TOM's embedder did.

    Raises:
        BadPictureError: If a file is not a whole GeoTIFF.
        ShapeError: If bands are missing or do not lie on each other.
    """
    folder = user_path(folder)
    there = {path.stem: path for path in folder.glob("*.tif")}
    check_there(str(folder), there, bands)
    rasters = {band: _one_band(band, there[band]) for band in bands}
    absolute = folder.absolute()
    return _stacked(rasters, name=absolute.name, when=taken(absolute.as_posix()))


def read_major_tom_row(
    parquet: str | Path, grid_cell: str, *, product_id: str = "", bands: Sequence[str] = L2A
) -> Scene:
    """Read one sample of an image shard of Major TOM, whose columns hold whole GeoTIFFs.

    Args:
        parquet: Such as images/part_00001.parquet.
        grid_cell: Such as 454U_120R.
        product_id: Which of several products of that cell.
        bands: Which bands to read.

    Raises:
        BadPictureError: If the shard or a band of it cannot be read.
        UnknownNameError: If the cell or the product is not in the shard.
        BadQueryError: If the cell is there more than once and no product is named.
        ShapeError: If bands are missing or do not lie on each other.
    """
    path = user_path(parquet)
    columns, record = _shard_row(path, grid_cell, product_id, bands)
    check_there(str(path), columns, bands)
    rasters = {band: _one_band(band, record[band], f"{band} of {grid_cell}") for band in bands}
    when = record.get("timestamp") or record.get("product_datetime")
    product = str(record.get("product_id") or grid_cell)
    return _stacked(rasters, name=product, when=time_of(str(when)) if when else taken(product))


def scene_of_cells(cells: Mapping[str, bytes], *, name: str, when: datetime | None = None) -> Scene:
    """Join bands of one footprint, each a whole GeoTIFF, as Major TOM's shards hold them.

    Bands of 20 and 60 m are brought to the finest of the grids by repeating pixels.

    Args:
        cells: The files by band, at least one.
        name: Product or cell that they are of.
        when: When it was taken (UTC).

    Raises:
        BadPictureError: If one is not a whole GeoTIFF, or too large.
        ShapeError: If they do not lie on each other.
        MissingExtraError: If rasterio is not installed.
    """
    sizes = {band: _cell_size(raw, f"{band} of {name}") for band, raw in cells.items()}
    if len(sizes) * max(sizes.values()) > MAX_VALUES:  # told by 5 kB, before any is read
        message = f"The {len(sizes)} bands of {name} are over {MAX_VALUES // 10**6} million pixels."
        raise BadPictureError(message, hint="Read fewer bands at a time.")
    rasters = {band: _one_band(band, raw, f"{band} of {name}") for band, raw in cells.items()}
    return _stacked(rasters, name=name, when=when)


def _cell_size(raw: bytes, name: str) -> int:
    """Return how many pixels a cell says that it has.

    Raises:
        BadPictureError: If it is not a whole GeoTIFF.
        ShapeError: If its numbers are longer than 4 bytes, as digital numbers never are.
    """
    if not raw:
        return 0  # said by whoever reads it
    layout = raster_layout(raw, name=name)
    if any(np.dtype(kind).itemsize > LONGEST_NUMBER for kind in layout.dtypes):
        message = f"{name} holds {', '.join(sorted(layout.dtypes))}, not digital numbers."
        raise ShapeError(message, hint="Give Sentinel-2 L2A as stored: 1/10 000 reflectance.")
    return layout.whole[0] * layout.whole[1]


def _one_band(band: str, source: Path | bytes | None, name: str = "") -> Raster:
    if not source:
        message = f"{name} is empty."
        raise BadPictureError(message, hint="Get the file again.")
    return read_raster(source, lambda _: [(band, 0)], name=name)


def _stacked(rasters: dict[str, Raster], *, name: str, when: datetime | None) -> Scene:
    """Bring bands of one footprint to the finest of their grids by repeating pixels."""
    fine = max(rasters.values(), key=lambda raster: raster.values.shape[2])
    _, height, width = fine.values.shape
    layers = []
    for band, raster in rasters.items():
        apart = np.abs(np.subtract(raster.bounds, fine.bounds)).max()
        if raster.crs != fine.crs or apart > abs(fine.transform[0]) / 2:
            message = f"{band} of {name} does not lie where the other bands do."
            raise ShapeError(message, hint="Give bands of one footprint.")
        values = digital_numbers(raster.values[0], nodata=raster.nodata, name=f"{band} of {name}")
        rows = np.arange(height) * values.shape[0] // height
        columns = np.arange(width) * values.shape[1] // width
        layers.append(values[rows[:, None], columns])
    return Scene(
        bands=tuple(rasters),
        dn=np.stack(layers),
        transform=fine.transform,
        crs=fine.crs,
        when=when,
        name=name,
    )


def _shard_row(
    path: Path, grid_cell: str, product_id: str, bands: Sequence[str]
) -> tuple[tuple[str, ...], dict[str, Any]]:
    """Return the columns of a shard, and one row of it as values by column."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            columns = tuple(file.schema_arrow.names)
            about = [c for c in ("grid_cell", "product_id") if c in columns]
            row = _row(path, file.read(columns=about), grid_cell, product_id)
            group = 0
            while row >= file.metadata.row_group(group).num_rows:
                row -= file.metadata.row_group(group).num_rows
                group += 1
            wanted = ("product_id", "timestamp", "product_datetime", *bands)
            table = file.read_row_group(group, columns=[c for c in wanted if c in columns])
            return columns, table.slice(row, 1).to_pylist()[0]
    except (pa.ArrowException, OSError) as error:
        if isinstance(error, BadPictureError):
            raise
        message = f"{path} is not a Parquet file that can be read."
        raise BadPictureError(message, hint="Give an image shard of Major TOM.") from error


def _row(path: Path, table: pa.Table, grid_cell: str, product_id: str) -> int:
    cells = table["grid_cell"].to_pylist() if "grid_cell" in table.column_names else []
    rows = [row for row, cell in enumerate(cells) if cell == grid_cell]
    if not rows:
        kind = f"cell of {path.name}"
        raise unknown_name(kind, grid_cell, tuple(sorted(set(cells)))[:500])
    if "product_id" in table.column_names:
        products = [str(table["product_id"][row].as_py()) for row in rows]
        if product_id and product_id not in products:
            kind = f"product of {grid_cell}"
            raise unknown_name(kind, product_id, tuple(products))
        rows = [r for r, p in zip(rows, products, strict=True) if product_id in {"", p}]
        if len(rows) > 1 and len(set(products)) > 1 and not product_id:
            message = f"{path.name} has {len(rows)} products of {grid_cell}."
            raise BadQueryError(message, hint=f"Name one: {', '.join(products)}.")
    return rows[0]
