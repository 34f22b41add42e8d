"""The batch job: tiles to pixels to vectors to one GeoParquet file.

In: a source of tiles, a reader of their pixels, an encoder. Out: GeoParquet 1.1 with the columns of
the Major TOM Embedding Expansion, written whole or not at all.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import numpy as np
import pyarrow as pa

from eex.embeddings import SetHeader
from eex.encoders.base import EncodesImage
from eex.files import atomic_path, check_writable, guarded
from eex.geoparquet import write_geoparquet
from eex.imagery.read import PixelReader
from eex.ordered import in_order
from eex.sources.base import Source
from eex.tiles import TileRef

BATCH = 500
"""Tiles at a time: bounds memory, keeps vector operations long."""

Progress = Callable[[int, int], None]
"""Called with tiles done and tiles in all."""


def build_set(
    path: Path,
    *,
    source: Source,
    reader: PixelReader,
    encoder: EncodesImage,
    header: SetHeader,
    threads: int = 1,
    progress: Progress | None = None,
) -> None:
    """Encode every tile of a source and write the set.

    Args:
        path: The file to write; nothing or the old file stays there if anything fails.
        source: Gives the tiles.
        reader: Gives their pixels.
        encoder: Turns pixels into vectors of length `header.dim`.
        header: What the set says of itself.
        threads: Batches that are cut and encoded side by side.
        progress: Called after each batch.

    Raises:
        OutputError: If the file cannot be written, told before the work where it can be known.
    """
    check_writable(path)

    def encoded(tiles: pa.Table) -> pa.Table:
        lons, lats = (tiles[name].to_pylist() for name in ("centre_lon", "centre_lat"))
        refs = [TileRef(lon=lon, lat=lat) for lon, lat in zip(lons, lats, strict=True)]
        vectors = encoder.encode_image(cast("list[Any]", reader.encoder_input(refs)))
        flat = pa.array(vectors.astype(np.float32).ravel())
        column = pa.FixedSizeListArray.from_arrays(flat, header.dim)
        return tiles.append_column("embedding", column)

    total, tables, done = source.count(), [], 0
    batches = source.tiles(batch=BATCH)
    for table in in_order(encoded, batches, threads=threads, ahead=2 * threads):
        tables.append(table)
        done += len(table)
        if progress is not None:
            progress(done, total)
    with guarded(f"writing {path}"), atomic_path(path) as fresh:
        write_geoparquet(pa.concat_tables(tables), fresh, header=header)
