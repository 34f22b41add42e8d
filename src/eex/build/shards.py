"""Rows of Major TOM's image shards become tiles: windows of whole tiles, or their centres."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from eex.build.bands import CLOUDS
from eex.build.batches import Batcher, kept
from eex.build.items import Item, TileBatch, Tiling, Want
from eex.build.lattice import Ground, boxes_in_tile
from eex.build.rows import SHARD_PLACE, Origin, tile_rows
from eex.errors import BadPictureError, DamagedRemoteError, EexError
from eex.files import user_path
from eex.grid import Cells
from eex.imagery.baseline import without_offset
from eex.imagery.chunks import cell_of_chunk
from eex.imagery.pixels import CLOUD_MASK
from eex.imagery.ranged import address_of
from eex.imagery.scene import Scene, check_there
from eex.imagery.sentinel2 import scene_of_cells
from eex.imagery.shards import IDS, MOST_BYTES, Shards, group_of
from eex.imagery.stretch import stretch_of
from eex.ordered import in_order
from eex.sources.names import taken, time_of
from eex.sources.refs import ShardRef

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eex.config import Settings

AHEAD = 4
"""Rows of a shard far away that are fetched while one is worked on; 3 bands are 6 MB each."""

TIMES = ("timestamp", "product_datetime")
"""What the column of the time is called."""


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One row of a shard."""

    row: int
    """Its number."""
    grid_cell: str
    """Cell of Major TOM's grid."""
    product_id: str
    """Product that it is from."""
    time: str
    """When it was taken, as stored; empty if not told."""
    rasters: Mapping[str, bytes]
    """GeoTIFF files by column."""


def read_shard(
    item: Item,
    ref: ShardRef,
    tiling: Tiling,
    wants: Sequence[Want],
    *,
    settings: Settings,
    batch: int,
) -> Iterator[TileBatch]:
    """Read rows of a shard; see `eex.build.reading.read_item`.

    Raises:
        BadPictureError: If the shard, or a raster in it, cannot be read.
        DamagedRemoteError: If it is far away and not what it was.
        ShapeError: If it lacks bands, or tiles are smaller than windows.
    """
    bands = list(dict.fromkeys(band for want in wants for band in want.bands))
    columns = [*bands, *([CLOUD_MASK] if tiling.max_cloud < 1 else [])]
    rows = [window[0] for window in item.windows]
    found: Batcher | None = None
    for sample in samples(ref, rows, columns, settings):
        scene = scene_of_cells(
            sample.rasters,
            name=sample.product_id or sample.grid_cell,
            when=time_of(sample.time) or taken(sample.product_id),
        )
        boxes, tiles = _tiles(sample, scene, ref, tiling)
        forms = {want: _form(want, scene, sample, tiling) for want in wants}
        if found is None:
            found = Batcher({w: form.dtype for w, form in forms.items()}, tiling.size, batch)
        gone: NDArray[np.bool_] = np.logical_not(scene.take(bands).any(axis=0))
        cloudy = None
        if CLOUD_MASK in columns:
            cloudy = np.isin(scene.take([CLOUD_MASK])[0], CLOUDS[CLOUD_MASK])
        for number, (top, left, bottom, right) in enumerate(boxes.tolist()):
            part = np.s_[top:bottom, left:right]
            there = int((~gone[part]).sum())
            covered = 0.0 if cloudy is None else (cloudy & ~gone)[part].sum() / max(there, 1)
            if not kept(1 - there / gone[part].size, covered, tiling):
                continue
            pixels = {
                want: form[part] if want.stretch else form[:, top:bottom, left:right]
                for want, form in forms.items()
            }
            found.add(tiles, number, pixels, None if cloudy is None else 100 * float(covered))
            if found.full:
                yield found.take()
    if found is not None and found.rows:
        yield found.take()


def samples(
    ref: ShardRef, rows: Sequence[int], columns: Sequence[str], settings: Settings
) -> Iterator[Sample]:
    """Yield rows of a shard, in the order asked for.

    Only the wanted columns of a row group are read. Of a shard far away, rows are fetched ahead.

    Args:
        ref: The shard.
        rows: Numbers of rows; in a shard of Major TOM each is a row group.
        columns: Rasters.
        settings: Which hosts may be asked.

    Raises:
        BadPictureError: If it cannot be read, or a raster is empty.
        DamagedRemoteError: If it is far away and has no such row.
        ShapeError: If it lacks columns.
        RemoteError: If it cannot be had.
    """
    if url := address_of(ref.href):
        yield from _far(replace(ref, href=url), rows, columns, settings)
    else:
        yield from _near(ref, rows, columns)


def _near(ref: ShardRef, rows: Sequence[int], columns: Sequence[str]) -> Iterator[Sample]:
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(user_path(ref.href)) as file:
            there = file.schema_arrow.names
            check_there(ref.id, there, [*IDS, *columns])
            wanted = [name for name in (*IDS, *TIMES, *columns) if name in there]
            groups = [file.metadata.row_group(i).num_rows for i in range(file.num_row_groups)]
            ends = np.cumsum(groups)
            for row in rows:
                if not 0 <= row < file.metadata.num_rows:
                    message = f"{ref.id} has {file.metadata.num_rows} rows; there is no row {row}."
                    raise BadPictureError(message, hint="Plan the build anew.")
                group = int(np.searchsorted(ends, row, side="right"))
                table = file.read_row_group(group, columns=wanted, use_threads=False)
                record = table.slice(row - int(ends[group]) + groups[group], 1).to_pylist()[0]
                yield _sample(ref, row, record, columns)
    except (pa.ArrowException, OSError) as error:
        if isinstance(error, EexError):
            raise
        message = f"{ref.href} is not a Parquet file that can be read."
        raise BadPictureError(message, hint="Give an image shard of Major TOM.") from error


def _far(
    ref: ShardRef, rows: Sequence[int], columns: Sequence[str], settings: Settings
) -> Iterator[Sample]:
    shards = Shards(settings)
    footer = shards.footer(ref.href)

    def fetched(row: int) -> Sample:
        if not 0 <= row < footer.metadata.num_row_groups:
            message = f"{ref.id} has {footer.metadata.num_row_groups} rows; there is no row {row}."
            raise DamagedRemoteError(message, hint="Plan the build anew.")
        group = group_of(footer, row)
        check_there(ref.id, group.spans, [*IDS, *columns])
        names = [name for name in (*IDS, *TIMES, *columns) if name in group.spans]
        spans = [group.spans[name] for name in names]
        chunks = shards.client.ranges(ref.href, spans, expect=group.stamp, limit=MOST_BYTES)
        record: dict[str, Any] = {}
        for name, chunk in zip(names, chunks, strict=True):
            what = f"{name} of row {row} of {ref.id}"
            cell = cell_of_chunk(chunk, group.layouts[name], name=what)
            record[name] = cell.decode() if cell and name not in columns else cell
        return _sample(ref, row, record, columns)

    try:
        yield from in_order(fetched, rows, threads=AHEAD, ahead=AHEAD + 1, name="eex-shard")
    finally:
        shards.client.close()


def _sample(ref: ShardRef, row: int, record: dict[str, Any], columns: Sequence[str]) -> Sample:
    for name in columns:
        if not record[name]:
            message = f"{name} of row {row} of {ref.id} is empty."
            raise BadPictureError(message, hint="Ask for other bands, or leave the row out.")
    told = next((record[name] for name in TIMES if record.get(name)), "")
    return Sample(
        row=row,
        grid_cell=str(record["grid_cell"] or ""),
        product_id=str(record["product_id"] or ""),
        time=str(told),
        rasters={name: record[name] for name in columns},
    )


def _tiles(
    sample: Sample, scene: Scene, ref: ShardRef, tiling: Tiling
) -> tuple[NDArray[np.int64], pa.Table]:
    """Return the windows of a sample, and their rows, which lie where its rasters say."""
    height, width = scene.dn.shape[1:]
    boxes = boxes_in_tile(tiling, height, width)
    cells = Cells.parse([sample.grid_cell] * len(boxes)) if sample.grid_cell else None
    ground = Ground(crs=scene.crs, transform=scene.transform, size=(height, width))
    origin = Origin(scene=ref.id, product_id=sample.product_id, when=scene.when)
    tiles = tile_rows(origin, ground.squares(boxes), boxes, cells=cells)
    places = ([ref.href] * len(boxes), [sample.row] * len(boxes))
    for field, values in zip(SHARD_PLACE, places, strict=True):
        tiles = tiles.append_column(field, pa.array(values, field.type))
    return boxes, tiles


def _form(want: Want, scene: Scene, sample: Sample, tiling: Tiling) -> NDArray[Any]:
    """Return a whole sample as it is wanted: (height, width, 3), or (bands, height, width)."""
    dn = scene.take(want.bands)
    if tiling.remove_offset:
        dn = without_offset(dn, sample.product_id)
    if not want.stretch:
        return dn
    stretch = stretch_of(want.stretch)
    levels = stretch.table[dn] if dn.dtype == np.uint16 else stretch.of(dn)
    return np.ascontiguousarray(levels.transpose(1, 2, 0))
