"""Pixels out of remote shards: bytes, requests and time beside fsspec, at 30 ms round trip.

    python benchmarks/pixels.py [--quick] [--json] [--rounds N] [--line MS MB_PER_S]

Five shards in the layout of Major TOM, made here: 500 row groups, a thumbnail and 13 rasters each.
`core` is Core-S2L2A with whole tiles (footer 1.03 MB, thumbnails 0.3 MB, three bands 6.5 MB),
`249k` the set of their centres (0.75, 0.04 and 0.9 MB); --quick runs only the latter.

The server is another process on loopback, behind the model of a line in `tests/range_server.py`:
30 ms a round trip, two more for a new connection, slow start, 12.5 MB/s for all (--line says
otherwise). Two jobs: the
thumbnail of one tile, and B04, B03 and B02 of five tiles in five shards, as an answer shows them.
Every cell is compared with what was stored. Contestants:

    eex                footers known, cells not kept; what a second search in a set costs
    eex, cold          nothing known: no connection, no footer
    eex, side index    no connection, no footer, but the side index that travels with a set
    fsspec read-ahead  `fsspec.open(url)` and `ParquetFile.read_row_group`, as the original
                       application does, for every tile anew
    fsspec parquet     `fsspec.parquet.open_parquet_file(columns, row_groups)`, footer guessed well

The fsspec ones keep their connections from call to call and use five threads for five tiles.

Keys of the JSON (goals in docs/performance.md), those of `core` unless --quick:

    thumbnail_bytes_ratio    bytes that eex draws / bytes of the column chunk; `rgb_bytes_ratio` too
    thumbnail_speedup        time of fsspec read-ahead / of eex, median of paired ratios
    thumbnail_cold_speedup   the same for eex, cold
    thumbnail_index_speedup  the same for the side index; all with `rgb_` too
    layouts                  all of these for each layout, with the bytes of the chunks (minimum),
                             and for each job and contestant: median ms, bytes, requests
"""

from __future__ import annotations

import multiprocessing
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from _measure import Times, emit, machine, median_ms, options, paired_ratio, say, take_turns

TESTS = Path(__file__).parent.parent / "tests"
sys.path.insert(0, str(TESTS))

from eex.config import Settings  # noqa: E402
from eex.imagery.majortom import MajorTomReader  # noqa: E402
from eex.imagery.offsets import SetOffsets  # noqa: E402
from eex.imagery.offsets_make import make_offsets  # noqa: E402
from eex.tiles import TileRef  # noqa: E402
from range_server import Link, range_server  # noqa: E402
from shards import CUT, RASTERS, WHOLE, Place, Sample, jpeg, numbers, sample, tone, write_shard  # noqa: E402

SHARDS = 5
FIRST = 100
"""Row group of the first tile that is there in full; those around hold next to nothing."""

FULL = 3
"""Tiles in full; the next one is what a read-ahead draws along."""

GROUPS = 500

LINE = (30.0, 12.5)
"""Milliseconds of a round trip; MB a second of all connections. One could have twice as much."""

LAYOUTS = {"core": (WHOLE, 1_031_336), "249k": (CUT, 739_697)}
"""Pixels across a tile, and bytes of a footer at least."""

SAMPLE = 1_500_000
"""Bytes at the end that fsspec's parquet module is told to read: the footer and a little."""

RGB = ("B04", "B03", "B02")
THUMBNAIL = ("thumbnail",)

Cells = list[dict[str, bytes]]


@dataclass
class Far:
    """The server in its own process."""

    urls: list[str]
    pipe: Any

    def counts(self) -> tuple[int, int]:
        """Return requests and bytes since the last call."""
        self.pipe.send("counts")
        requests, count = self.pipe.recv()
        return int(requests), int(count)


def serve(file: str, line: Link, pipe: Any) -> None:
    with range_server(line) as server:
        content = Path(file).read_bytes()
        pipe.send(
            [server.put(f"/images/part_{n:05}.parquet", content) for n in range(1, SHARDS + 1)]
        )
        while pipe.recv() == "counts":
            pipe.send((server.requests, server.body_bytes))
            server.reset_counts()


@contextmanager
def far_away(file: Path, line: Link) -> Iterator[Far]:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=serve, args=(str(file), line, theirs), daemon=True)
    process.start()
    try:
        yield Far(ours.recv(), ours)
    finally:
        ours.send("end")
        process.join(10)


def samples(side: int) -> list[Sample]:
    """Return the rows of a shard; thumbnails are of noise, so that they have the usual size."""
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 700, (3, side, side), np.uint16)
    margin = (WHOLE - side) // 2
    rows: list[Sample] = []
    for row in range(GROUPS):
        place = Place(grid_cell=f"{row}U_1R")
        about = {
            "product_id": place.product_id,
            "grid_cell": place.grid_cell,
            "timestamp": place.timestamp,
        }
        rows.append({**dict.fromkeys(("thumbnail", *RASTERS), b"-"), **about})
        if FIRST <= row < FIRST + FULL:
            pixels = numbers(row)
            rgb = np.stack([pixels[band][margin:, margin:][:side, :side] for band in RGB])
            thumbnail = {"thumbnail": jpeg(tone(rgb + noise))}
            rows[-1] = sample(place, pixels=pixels, side=side) | thumbnail
    order = list(rows[FIRST])
    return [{name: row[name] for name in order} for row in rows]


def ours(reader: MajorTomReader, tiles: Sequence[TileRef], columns: Sequence[str]) -> Cells:
    """Read cells as `MajorTomReader.pixels_of` does, without decoding them to arrays."""
    if len(tiles) == 1:
        return [reader.shards.cells(tiles[0], columns)]
    with ThreadPoolExecutor(8) as threads:
        return list(threads.map(lambda tile: reader.shards.cells(tile, columns), tiles))


def read_ahead(tile: TileRef, columns: Sequence[str]) -> dict[str, bytes]:
    import fsspec

    with fsspec.open(tile.parquet_url, "rb") as file:
        table = pq.ParquetFile(file).read_row_group(tile.parquet_row, columns=list(columns))
        return {name: table[name][0].as_py() for name in columns}


def open_parquet(tile: TileRef, columns: Sequence[str]) -> dict[str, bytes]:
    import fsspec.parquet

    with fsspec.parquet.open_parquet_file(
        tile.parquet_url,
        columns=list(columns),
        row_groups=[tile.parquet_row],
        engine="pyarrow",
        footer_sample_size=SAMPLE,
    ) as file:
        table = pq.ParquetFile(file).read_row_group(tile.parquet_row, columns=list(columns))
        return {name: table[name][0].as_py() for name in columns}


def theirs(
    read: Callable[[TileRef, Sequence[str]], dict[str, bytes]],
    tiles: Sequence[TileRef],
    columns: Sequence[str],
) -> Cells:
    if len(tiles) == 1:
        return [read(tiles[0], columns)]
    with ThreadPoolExecutor(SHARDS) as threads:
        return list(threads.map(lambda tile: read(tile, columns), tiles))


@dataclass
class Job:
    """Some cells of some tiles, and everybody who reads them."""

    name: str
    tiles: list[TileRef]
    columns: tuple[str, ...]
    minimum: int
    """Bytes of their column chunks."""
    readers: dict[str, Callable[[int], Cells]]


def make_jobs(far: Far, file: Path, folder: Path, offsets: SetOffsets) -> list[Job]:
    metadata = pq.read_metadata(file)

    def tile(shard: int) -> TileRef:
        row = FIRST + 1
        about = Place(grid_cell=f"{row}U_1R")
        return TileRef(
            lon=0,
            lat=0,
            grid_cell=about.grid_cell,
            product_id=about.product_id,
            parquet_url=far.urls[shard],
            parquet_row=row,
        )

    def chunks(columns: Sequence[str]) -> int:
        group = metadata.row_group(FIRST + 1)
        all_columns = [group.column(i) for i in range(group.num_columns)]
        return sum(c.total_compressed_size for c in all_columns if c.path_in_schema in columns)

    def reader(name: str) -> MajorTomReader:
        return MajorTomReader(settings(folder / name))

    def cold(tiles: list[TileRef], columns: Sequence[str]) -> Cells:
        with tempfile.TemporaryDirectory(dir=folder) as fresh:
            one = MajorTomReader(settings(Path(fresh)))
            try:
                return ours(one, tiles, columns)
            finally:
                one.shards.client.close()

    def indexed(tiles: list[TileRef], columns: Sequence[str]) -> Cells:
        with tempfile.TemporaryDirectory(dir=folder) as fresh:
            one = MajorTomReader(settings(Path(fresh)))
            one.use_offsets(offsets)
            try:
                return ours(one, tiles, columns)
            finally:
                one.shards.client.close()

    warm = reader("warm")
    jobs = []
    for name, count, columns in (("thumbnail", 1, THUMBNAIL), ("rgb", SHARDS, RGB)):
        tiles = [tile(n) for n in range(count)]
        readers: dict[str, Callable[[int], Cells]] = {
            "eex": lambda _, t=tiles, c=columns: ours(warm, t, c),
            "eex, cold": lambda _, t=tiles, c=columns: cold(t, c),
            "eex, side index": lambda _, t=tiles, c=columns: indexed(t, c),
            "fsspec read-ahead": lambda _, t=tiles, c=columns: theirs(read_ahead, t, c),
            "fsspec parquet": lambda _, t=tiles, c=columns: theirs(open_parquet, t, c),
        }
        jobs.append(Job(name, tiles, columns, count * chunks(columns), readers))
    return jobs


def settings(folder: Path) -> Settings:
    return Settings(cache_dir=folder, threads=1, fetch_hosts=("127.0.0.1",), pixel_cache=0)


def counted(job: Job, far: Far, stored: Sample) -> dict[str, tuple[int, int]]:
    """Run everybody once, check every byte, and return requests and bytes of each."""
    found = {}
    job.readers["eex"](0)  # footers are known to it
    for name, read in job.readers.items():
        far.counts()
        cells = read(0)
        found[name] = far.counts()
        if any(one[c] != stored[c] for one in cells for c in job.columns):
            message = f"{name} reads something else than was stored"
            raise RuntimeError(message)
    return found


def make_index(far: Far, folder: Path) -> SetOffsets:
    import pyarrow as pa

    rows = pa.table(
        {
            "parquet_url": [url for url in far.urls for _ in range(GROUPS)],
            "parquet_row": list(range(GROUPS)) * SHARDS,
            "grid_cell": [f"{row}U_1R" for row in range(GROUPS)] * SHARDS,
            "product_id": [Place().product_id] * (GROUPS * SHARDS),
        }
    )
    path = folder / "offsets.arrow"
    make_offsets(rows, MajorTomReader(settings(folder / "index")).shards, path)
    return SetOffsets.open(path)


def ratio(times: Times, name: str) -> float:
    return paired_ratio(times, "fsspec read-ahead", name)


def measure(layout: str, folder: Path, rounds: int, line: Link) -> dict[str, Any]:
    """Run all jobs in shards of one layout."""
    side, footer = LAYOUTS[layout]
    say(f"{layout}: making a shard and the side index")
    rows = samples(side)
    file = write_shard(folder / f"{layout}.parquet", rows, footer=footer)
    result: dict[str, Any] = {"footer_bytes": pq.read_metadata(file).serialized_size, "jobs": {}}
    with far_away(file, line) as far:
        for job in make_jobs(far, file, folder, make_index(far, folder)):
            say(f"{layout}: {job.name}, counting, then {rounds} rounds")
            requests = counted(job, far, rows[FIRST + 1])
            times = take_turns(job.readers, rounds=rounds)
            result[f"{job.name}_bytes_ratio"] = round(requests["eex"][1] / job.minimum, 4)
            result[f"{job.name}_speedup"] = ratio(times, "eex")
            result[f"{job.name}_cold_speedup"] = ratio(times, "eex, cold")
            result[f"{job.name}_index_speedup"] = ratio(times, "eex, side index")
            result[f"{job.name}_minimum"] = job.minimum
            result["jobs"][job.name] = {
                name: {
                    "ms": median_ms(times, name),
                    "requests": requests[name][0],
                    "bytes": requests[name][1],
                    "bytes_ratio": round(requests[name][1] / job.minimum, 3),
                }
                for name in job.readers
            }
    return result


def main() -> None:
    parser = options(__doc__ or "")
    parser.add_argument(
        "--line", nargs=2, type=float, default=LINE, metavar=("MS", "MB_PER_S"), help="30 12.5"
    )
    asked = parser.parse_args()
    rtt_ms, mb_per_s = asked.line
    line = Link(rtt=rtt_ms / 1e3, shared=mb_per_s * 1e6, per_connection=2e6 * mb_per_s)
    rounds = asked.rounds or (3 if asked.quick else 5)
    layouts = ["249k"] if asked.quick else list(LAYOUTS)
    with tempfile.TemporaryDirectory() as text:
        found: dict[str, dict[str, Any]] = {}
        for layout in layouts:
            folder = Path(text) / layout
            folder.mkdir()
            found[layout] = measure(layout, folder, rounds, line)
    tables = []
    for layout, result in found.items():
        for name, job in result["jobs"].items():
            lines = [["who", "median ms", "requests", "MB", "of the chunks"]]
            for who, told in job.items():
                size, share = f"{told['bytes'] / 1e6:.2f}", f"{told['bytes_ratio']:.2f}"
                lines.append([who, f"{told['ms']:.0f}", str(told["requests"]), size, share])
            tables.append((f"{layout}: {name}", lines))
    first = {k: v for k, v in found[layouts[0]].items() if not isinstance(v, dict)}
    result = {
        "benchmark": "pixels",
        **first,
        "rounds": rounds,
        "layouts": found,
        "machine": machine(),
    }
    emit(result, as_json=asked.json, tables=tables)


if __name__ == "__main__":
    main()
