"""The best tiles as GeoParquet 1.1: footprints or centres, a covering box, the query in the file.

The key `eex` of the file's metadata has what is said of the answer: `title`, `score_kind`,
`credit` and `recipe`, as JSON.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import IO, TYPE_CHECKING

import numpy as np

from eex.export.records import Result

if TYPE_CHECKING:
    import pyarrow as pa

    from eex.export.taken import Taken

KEY = b"eex"
"""Of the file's metadata."""

ROW_GROUP = 5000
"""Rows in a row group, as in files of sets."""


def arrow_table(taken: Taken, *, footprints: bool = True) -> pa.Table:
    """Return the best tiles as an Arrow table whose metadata make it GeoParquet.

    Args:
        taken: The answer.
        footprints: Outlines of tiles where they are known; otherwise their centres.
    """
    import pyarrow as pa
    import shapely

    from eex.geoparquet.header import Extent, geo_record
    from eex.geoparquet.shapes import boxes_of, column_of

    results = taken.results
    columns: dict[str, pa.Array] = {
        "rank": pa.array([r.rank for r in results], pa.int32()),
        "row": pa.array([r.row for r in results], pa.int64()),
        "id": pa.array([r.id for r in results], pa.string()),
        "lon": pa.array([r.lon for r in results], pa.float64()),
        "lat": pa.array([r.lat for r in results], pa.float64()),
        "score": pa.array([r.score for r in results], pa.float64()),
    }
    for name in _parts(results):
        values = [r.parts.get(name) for r in results]
        columns[f"score_{name}"] = pa.array(values, pa.float64())
    if any(r.repeats for r in results):
        columns["repeats"] = pa.array([r.repeats for r in results], pa.list_(pa.int64()))
    if any(taken.times):
        columns["time"] = pa.array(taken.times, pa.timestamp("us", "UTC"))
    if any(taken.products):
        columns["product"] = pa.array(taken.products, pa.string())
    centres = np.array([(r.lon, r.lat) for r in results], np.float64).reshape(-1, 2)
    shapes = taken.places if footprints else shapely.points(centres)
    shapes = np.array(shapes, object).reshape(len(results))
    extent = Extent()
    extent.add(shapes)
    columns["geometry"] = column_of(shapes, "WKB")
    columns["bbox"] = boxes_of(shapes)
    about = json.dumps(taken.about(), ensure_ascii=False).encode()
    metadata = {b"geo": geo_record(extent, "WKB").encode(), KEY: about}
    return pa.table(columns).replace_schema_metadata(metadata)


def write_parquet(taken: Taken, file: IO[bytes], *, footprints: bool = True) -> None:
    """Write the best tiles as GeoParquet, best first; arguments as for `arrow_table`."""
    import pyarrow.parquet as pq

    table = arrow_table(taken, footprints=footprints)
    pq.write_table(table, file, compression="zstd", row_group_size=ROW_GROUP)


def _parts(results: Sequence[Result]) -> list[str]:
    return list(dict.fromkeys(name for result in results for name in result.parts))
