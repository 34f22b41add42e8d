"""Image shards in the exact layout of Major TOM Core-S2L2A, made of small data.

One sample a row group; the columns of the published shards; whole GeoTIFFs (uint16, LZW, tiled) in
binary columns, three grids of one footprint; the thumbnail a JPEG of the published tone. The layout
was measured on real samples; every number in the pixels is made here.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

WHOLE = 1068
"""Pixels of 10 m across a tile: 10,680 m."""

CUT = 384
"""Pixels across the centre that the image set of 249k tiles holds."""

METRES = {
    **dict.fromkeys(("B01", "B09"), 60),
    **dict.fromkeys(("B02", "B03", "B04", "B08"), 10),
    **dict.fromkeys(("B05", "B06", "B07", "B8A", "B11", "B12"), 20),
    "cloud_mask": 10,
}
"""Size of a pixel of each raster."""

RASTERS = (
    *("B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B09", "B11", "B12"),
    "cloud_mask",
)
"""In the order of the shards."""

NAPOLI = ("454U_120R", "EPSG:32633", 435017.4201253632, 4524784.8788007)
"""Cell, coordinate system, left and top of a published tile."""

NEW = "S2B_MSIL2A_20220719T095559_N0400_R122_T33TVF_20220719T120000"
"""A product of baseline 04.00: 1000 is added to every number."""

OLD = "S2A_MSIL2A_20200223T095559_N0214_R122_T33TVF_20200223T120000"
"""A product of an older baseline."""

Sample = dict[str, Any]
"""Values of one row group by column."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a sample lies, and what it is called."""

    grid_cell: str = NAPOLI[0]
    product_id: str = NEW
    timestamp: str = "20220719T095559"
    crs: str = NAPOLI[1]
    left: float = NAPOLI[2]
    top: float = NAPOLI[3]


def numbers(seed: int, *, side: int = WHOLE, offset: int = 1000) -> dict[str, NDArray[Any]]:
    """Make pixels of a whole tile by band: smooth land with edges, `offset` added; 0 is no data."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:side, :side] / side
    waves = rng.uniform(2, 9, (3, 2))
    land = sum(np.sin(a * x * 6 + b * y * 5 + seed) for a, b in waves) / 6 + 0.5
    found = {}
    for place, band in enumerate(RASTERS[:-1]):
        step = METRES[band] // 10
        level = 300 + 150 * place + 1800 * land[::step, ::step] ** (1 + place / 8)
        fields = (np.floor(x * 40) + np.floor(y * 40))[::step, ::step] % 4
        found[band] = (level + 40 * fields + offset).astype(np.uint16)
    mask = np.zeros((side, side), np.uint8)
    mask[: side // 8, : side // 4] = 1
    found["cloud_mask"] = mask
    return found


def tone(rgb: NDArray[Any]) -> NDArray[np.uint8]:
    """Render as the published thumbnails are, written out: (3, h, w) to (h, w, 3)."""
    shown = np.clip(1.3 * (rgb.astype(np.float64) / 1e4) ** 0.6, 0, 1) * 255
    return shown.transpose(1, 2, 0).astype(np.uint8)


def tiff(values: NDArray[Any], place: Place, *, metres: float, shift: float = 0.0) -> bytes:
    """Return a GeoTIFF as the shards hold: LZW in tiles of 1024, no nodata tag.

    `shift` moves its corner right and down, in metres.
    """
    from rasterio import Affine
    from rasterio.io import MemoryFile

    with MemoryFile() as file:
        with file.open(
            driver="GTiff",
            width=values.shape[1],
            height=values.shape[0],
            count=1,
            dtype=values.dtype,
            crs=place.crs,
            transform=Affine(metres, 0, place.left + shift, 0, -metres, place.top - shift),
            compress="lzw",
            tiled=True,
            blockxsize=1024,
            blockysize=1024,
        ) as raster:
            raster.write(values, 1)
        return bytes(file.getbuffer())


def jpeg(pixels: NDArray[np.uint8]) -> bytes:
    from PIL import Image

    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "JPEG", quality=90)
    return out.getvalue()


def sample(
    place: Place | None = None,
    *,
    pixels: Mapping[str, NDArray[Any]] | None = None,
    seed: int = 0,
    side: int = WHOLE,
) -> Sample:
    """Return one row of a shard; with `side` 384 the centre alone, as the image set of 249k has it.

    Args:
        place: Where it lies.
        pixels: Whole bands; made from the seed by default, in the manner of the product's baseline.
        seed: Which made land.
        side: Pixels of 10 m that are kept.
    """
    place = place or Place()
    if pixels is None:
        pixels = numbers(seed, offset=1000 if "_N04" in place.product_id else 0)
    margin = (WHOLE - side) // 2
    row: Sample = {
        "product_id": place.product_id,
        "grid_cell": place.grid_cell,
        "timestamp": place.timestamp,
    }
    cut = {}
    for band in RASTERS:
        step = METRES[band] // 10
        low, high = margin // step, (margin + side) // step
        cut[band] = pixels[band][low:high, low:high]
    row["thumbnail"] = jpeg(tone(np.stack([cut[band] for band in ("B04", "B03", "B02")])))
    for band in RASTERS:
        row[band] = tiff(cut[band], place, metres=METRES[band], shift=10.0 * margin)
    return row


@cache
def cached_sample(seed: int = 0, *, side: int = WHOLE, old: bool = False) -> Sample:
    """Return `sample` of a seed: cells differ by seed, products by age. Not to be changed."""
    place = Place(
        grid_cell=f"{454 + seed}U_120R",
        product_id=OLD if old else NEW,
        timestamp="20200223T095559" if old else "20220719T095559",
        top=NAPOLI[3] + 10_000 * seed,
    )
    return sample(place, seed=seed, side=side)


def unpacked(folder: Path) -> Sample:
    """Return one row from files as they are unpacked: .../CELL/PRODUCT/B01.tif, thumbnail.png."""
    product = folder.name
    row: Sample = {
        "product_id": product,
        "grid_cell": folder.parent.name,
        "timestamp": product.split("_")[2],
        "thumbnail": (folder / "thumbnail.png").read_bytes(),
    }
    return row | {band: (folder / f"{band}.tif").read_bytes() for band in RASTERS}


def write_shard(
    path: Path,
    samples: Sequence[Sample],
    *,
    footer: int = 0,
    when: str = "timestamp",
    statistics: bool = True,
    compression: str = "snappy",
) -> Path:
    """Write samples, one a row group.

    Args:
        path: Of the file.
        samples: What `sample` returns; the first one's columns are the file's.
        footer: Bytes that the footer has at least: the real ones have 1,031,336 and more.
        when: Name of the column of times; `product_datetime` in the published description.
        statistics: Whether row groups say the least and the greatest value of their columns.
        compression: Of the columns.
    """
    names = [when if name == "timestamp" else name for name in samples[0]]
    strings = {"product_id", "grid_cell", when}
    schema = pa.schema([(n, pa.string() if n in strings else pa.binary()) for n in names])
    if footer:
        bare = io.BytesIO()
        _write(bare, schema, samples, statistics=statistics, compression=compression)
        size = int.from_bytes(bare.getvalue()[-8:-4], "little")
        # A key, a value and their lengths are 14 bytes; the schema stands there twice, in base64.
        room = max(0, footer - size)
        schema = schema.with_metadata({"padding": "x" * (room * 3 // 7)})
    with path.open("wb") as file:
        _write(file, schema, samples, statistics=statistics, compression=compression)
    return path


def _write(
    file: Any, schema: pa.Schema, samples: Sequence[Sample], *, statistics: bool, compression: str
) -> None:
    with pq.ParquetWriter(
        file, schema, compression=compression, write_statistics=statistics
    ) as writer:
        for row in samples:
            columns = [
                pa.array([value], t) for value, t in zip(row.values(), schema.types, strict=True)
            ]
            writer.write_table(pa.table(columns, schema=schema), row_group_size=1)


def write_set(
    path: Path,
    tiles: Sequence[tuple[Sample, str, int]],
    *,
    dim: int = 16,
    crop: int = CUT,
    boxes: Sequence[Sequence[int]] | None = None,
    **header: Any,
) -> Path:
    """Write an embedding set of the 15 published columns that points at shards.

    Args:
        path: Of the file.
        tiles: Sample, address of its shard, its row there.
        dim: Length of the vectors.
        crop: Side of the centre that was embedded, for the header.
        boxes: `pixel_bbox` of every tile.
        header: More of the header.
    """
    rng = np.random.default_rng(0)
    rows = len(tiles)
    about = {
        "id": path.stem,
        "title": "Toys",
        "model": "toy",
        "dim": dim,
        "pixels": "majortom",
        "crop": crop,
        "licence": "CC-BY-SA-4.0",
        "attribution": "Made by a test",
    } | header
    table = pa.table(
        {
            "unique_id": [f"{n:064x}" for n in range(rows)],
            "embedding": pa.array(
                list(rng.normal(size=(rows, dim)).astype(np.float32)), pa.list_(pa.float32())
            ),
            "timestamp": [one["timestamp"] for one, _, _ in tiles],
            "product_id": [one["product_id"] for one, _, _ in tiles],
            "grid_cell": [one["grid_cell"] for one, _, _ in tiles],
            "grid_row_u": pa.array([454 + n for n in range(rows)], pa.int16()),
            "grid_col_r": pa.array([120] * rows, pa.int16()),
            "geometry": pa.array([b""] * rows, pa.binary()),
            "centre_lat": pa.array([40.82 + 0.09 * n for n in range(rows)], pa.float32()),
            "centre_lon": pa.array([14.29] * rows, pa.float32()),
            "utm_footprint": [""] * rows,
            "utm_crs": ["EPSG:32633"] * rows,
            "pixel_bbox": pa.array(list(boxes or [[0, 0, CUT, CUT]] * rows), pa.list_(pa.int32())),
            "parquet_row": pa.array([row for _, _, row in tiles], pa.int64()),
            "parquet_url": [url for _, url, _ in tiles],
        }
    )
    meta = {"emb": json.dumps(about)}
    pq.write_table(table.replace_schema_metadata(meta), path)
    return path
