"""Promises of `eex.remote.parquet`: one footer, only the chunks asked for, damage is told."""

from __future__ import annotations

import io
import os
import struct
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eex.config import Settings
from eex.errors import BadQueryError, ChangedError, DamagedRemoteError, RemoteError, TooMuchError
from eex.remote.client import RemoteClient, Stamp, Timing
from eex.remote.footers import GUESS
from eex.remote.keep import DiskCache
from eex.remote.pages import IMPOSSIBLE, MOST_VALUES, sizes, unpacked_size
from eex.remote.parquet import RemoteParquet
from range_server import Fault, RangeServer, range_server

GROUPS = 12
PATH = "/images/part_00001.parquet"


def a_table(rows: int = GROUPS, size: int = 200_000, seed: int = 0) -> pa.Table:
    rng = np.random.default_rng(seed)
    return pa.table(
        {
            "product_id": [f"S2A_{i % 3}" for i in range(rows)],
            "grid_cell": [f"{i}U_{i}R" for i in range(rows)],
            "lat": pa.array(np.arange(rows, dtype=float)),
            "thumbnail": [rng.bytes(3000) for _ in range(rows)],
            "B02": [rng.bytes(size) for _ in range(rows)],
            "B03": [rng.bytes(size) for _ in range(rows)],
            "B04": [rng.bytes(size) for _ in range(rows)],
            "embedding": pa.array(
                list(rng.normal(size=(rows, 8)).astype("f4")), pa.list_(pa.float32(), 8)
            ),
            "bbox": [{"xmin": i * 1.0, "xmax": i + 0.5} for i in range(rows)],
        }
    )


def written(table: pa.Table, **options: Any) -> bytes:
    out = io.BytesIO()
    pq.write_table(table, out, **{"row_group_size": 1, **options})
    return out.getvalue()


TABLE = a_table()
SHARD = written(TABLE)


@pytest.fixture
def server() -> Iterator[RangeServer]:
    with range_server() as running:
        running.put(PATH, SHARD)
        yield running


def a_client(cache_dir: Path) -> RemoteClient:
    made = Settings(cache_dir=cache_dir, threads=1, fetch_hosts=("127.0.0.1",))
    return RemoteClient(made, timing=Timing(pause=0.01, read=1.0, total=5.0))


@pytest.fixture
def client(tmp_path: Path) -> Iterator[RemoteClient]:
    made = a_client(tmp_path)
    yield made
    made.close()


def opened(server: RangeServer, client: RemoteClient, tmp_path: Path) -> RemoteParquet:
    return RemoteParquet.open(server.address + PATH, client=client, cache_dir=tmp_path)


def test_a_footer_takes_one_request_and_is_kept_on_disk(
    server: RangeServer, client: RemoteClient, tmp_path: Path
) -> None:
    file = opened(server, client, tmp_path)
    assert server.requests == 1
    assert file.schema.names == TABLE.schema.names
    assert file.metadata.num_row_groups == GROUPS
    assert file.stamp.size == len(SHARD)
    again = opened(server, a_client(tmp_path), tmp_path)
    assert server.requests == 1
    assert again.metadata.equals(file.metadata)
    assert again.stamp == file.stamp


def test_only_the_chunks_of_the_columns_asked_for_come(
    server: RangeServer, client: RemoteClient, tmp_path: Path
) -> None:
    file = opened(server, client, tmp_path)
    before = client.counted()
    got = file.read([7], ["B04", "B02", "B03"])
    assert got.to_pylist() == TABLE.select(["B04", "B02", "B03"]).slice(7, 1).to_pylist()
    after = client.counted()
    spans = file.spans(7)
    least = sum(b - a for a, b in (spans[n] for n in ("B02", "B03", "B04")))
    assert after.requests - before.requests == 1  # they lie beside each other
    assert after.bytes - before.bytes == least


def test_columns_of_every_kind_are_read_as_pyarrow_reads_them(
    server: RangeServer, client: RemoteClient, tmp_path: Path
) -> None:
    for number, options in enumerate(
        (
            {},
            {"compression": "zstd", "row_group_size": 5},
            {"compression": "none", "data_page_version": "2.0"},
            {"compression": "zstd", "data_page_version": "2.0", "use_dictionary": False},
            {"compression": "gzip", "row_group_size": 7, "data_page_size": 1024},
            {"write_page_index": True, "write_page_checksum": True},
        )
    ):
        table = a_table(rows=20, size=500)
        url = server.put(f"/{number}.parquet", written(table, **options))
        remote = RemoteParquet.open(url, client=client, cache_dir=tmp_path)
        groups = list(range(remote.metadata.num_row_groups))
        assert remote.read(groups, table.schema.names).equals(table)
        assert remote.read(groups[::-1], ["lat"])["lat"][0].as_py() >= 14


def test_rows_come_in_the_order_of_the_groups_asked_for(
    server: RangeServer, client: RemoteClient, tmp_path: Path
) -> None:
    file = opened(server, client, tmp_path)
    got = file.read([5, 2, 9], ["grid_cell", "embedding", "bbox"])
    assert got["grid_cell"].to_pylist() == ["5U_5R", "2U_2R", "9U_9R"]
    assert got["bbox"][1].as_py() == {"xmin": 2.0, "xmax": 2.5}
    assert got["embedding"][2].as_py() == TABLE["embedding"][9].as_py()


def test_statistics_leave_row_groups_out(
    server: RangeServer, client: RemoteClient, tmp_path: Path
) -> None:
    file = opened(server, client, tmp_path)
    assert file.groups_where({"lat": (3.0, 5.0)}) == [3, 4, 5]
    assert file.groups_where({"bbox.xmin": (-9, 6.0), "bbox.xmax": (5.4, 99)}) == [5, 6]
    assert file.groups_where({}) == list(range(GROUPS))
    with pytest.raises(DamagedRemoteError, match="no column 'lon'"):
        file.groups_where({"lon": (0, 1)})
    url = server.put("/bare.parquet", written(TABLE, write_statistics=False))
    bare = RemoteParquet.open(url, client=client, cache_dir=tmp_path)
    assert bare.groups_where({"lat": (3.0, 5.0)}) == list(range(GROUPS))


def test_statistics_tell_which_row_a_group_has(
    server: RangeServer, client: RemoteClient, tmp_path: Path
) -> None:
    file = opened(server, client, tmp_path)
    names = ["grid_cell", "product_id", "lat", "nothing"]
    assert file.told(7, names) == {"grid_cell": "7U_7R", "product_id": "S2A_1"}
    assert server.requests == 1
    with pytest.raises(DamagedRemoteError):
        file.told(GROUPS, names)
    two = server.put("/two.parquet", written(TABLE, row_group_size=2))
    assert not RemoteParquet.open(two, client=client, cache_dir=tmp_path).told(1, names)
    bare = server.put("/none.parquet", written(TABLE, write_statistics=False))
    assert not RemoteParquet.open(bare, client=client, cache_dir=tmp_path).told(1, names)
    long = TABLE.set_column(0, "product_id", [["é" * 3000] * GROUPS])
    cut = server.put("/long.parquet", written(long))
    remote = RemoteParquet.open(cut, client=client, cache_dir=tmp_path)
    assert remote.told(3, ["product_id"]) in ({}, {"product_id": "é" * 3000})


def test_five_threads_ask_for_one_footer_once(
    server: RangeServer, client: RemoteClient, tmp_path: Path
) -> None:
    server.fail(PATH, Fault("stalled", at=10, seconds=0.1))
    with ThreadPoolExecutor(5) as threads:
        files = list(threads.map(lambda _: opened(server, client, tmp_path), range(5)))
    assert server.requests == 2  # the stalled one, and what was missing
    assert len({file.stamp for file in files}) == 1


def test_a_footer_longer_than_guessed_takes_a_second_request_and_the_next_does_not(
    server: RangeServer, client: RemoteClient, tmp_path: Path
) -> None:
    table = a_table(rows=2, size=10).replace_schema_metadata({"note": os.urandom(GUESS).hex()})
    urls = [server.put(f"/set/part_{i}.parquet", written(table)) for i in range(2)]
    first = RemoteParquet.open(urls[0], client=client, cache_dir=tmp_path)
    assert first.schema.metadata[b"note"] == table.schema.metadata[b"note"]
    assert server.requests == 2
    RemoteParquet.open(urls[1], client=client, cache_dir=tmp_path)
    assert server.requests == 3


def test_a_footer_that_is_shorter_than_guessed_makes_the_next_guess_smaller(
    server: RangeServer, client: RemoteClient, tmp_path: Path
) -> None:
    large = written(a_table(rows=10, size=300_000))
    urls = [server.put(f"/large/part_{i}.parquet", large) for i in range(2)]
    RemoteParquet.open(urls[0], client=client, cache_dir=tmp_path)
    assert server.body_bytes == GUESS
    RemoteParquet.open(urls[1], client=client, cache_dir=tmp_path)
    assert server.body_bytes < GUESS + 200_000


def test_a_file_that_changed_is_told_and_read_anew_the_next_time(
    server: RangeServer, client: RemoteClient, tmp_path: Path
) -> None:
    file = opened(server, client, tmp_path)
    other = a_table(seed=1)
    server.put(PATH, written(other))
    with pytest.raises(ChangedError):
        file.read([1], ["B02"])
    fresh = opened(server, client, tmp_path)
    assert fresh.read([1], ["B02"])["B02"][0].as_py() == other["B02"][1].as_py()


def test_a_kept_footer_that_is_damaged_is_fetched_anew(
    server: RangeServer, client: RemoteClient, tmp_path: Path
) -> None:
    opened(server, client, tmp_path)
    for path in (tmp_path / "remote" / "footers").rglob("*"):
        if path.is_file():
            content = bytearray(path.read_bytes())
            content[-5] ^= 255
            path.write_bytes(content)
    opened(server, client, tmp_path)
    assert server.requests == 2


def test_what_is_no_parquet_is_told(
    server: RangeServer, client: RemoteClient, tmp_path: Path
) -> None:
    for number, content in enumerate(
        [
            b"",
            b"PAR1",
            b"hello" * 1000,
            b"PAR1" + b"\0" * 100 + struct.pack("<I", 50) + b"PAR1",
            b"PAR1" + b"\xff" * 100 + struct.pack("<I", 50) + b"PAR1",
            b"PAR1" + b"\0" * 100 + struct.pack("<I", 2**31) + b"PAR1",
            b"PAR1" + b"\0" * 100 + struct.pack("<I", 101) + b"PAR1",
            SHARD[:-4] + b"PARE",
            SHARD[: len(SHARD) // 2],
        ]
    ):
        url = server.put(f"/{number}", content)
        with pytest.raises(RemoteError) as caught:
            RemoteParquet.open(url, client=client, cache_dir=tmp_path)
        assert caught.value.hint, number


def test_what_a_footer_cannot_mean_is_refused(
    server: RangeServer, client: RemoteClient, tmp_path: Path
) -> None:
    file = opened(server, client, tmp_path)
    with pytest.raises(DamagedRemoteError, match="no column 'B05'"):
        file.read([0], ["B05"])
    with pytest.raises(DamagedRemoteError, match="12 row groups"):
        file.read([GROUPS], ["B02"])
    with pytest.raises(DamagedRemoteError, match="12 row groups"):
        file.read([-1], ["B02"])
    shorter = Stamp(size=300_000, etag=file.stamp.etag, host=file.stamp.host)
    lying = RemoteParquet(
        file.url, shorter, file.footer, client=client, cache=DiskCache(tmp_path, 0)
    )
    with pytest.raises(DamagedRemoteError, match=r"outside its file|corrupt"):
        lying.spans(GROUPS - 1)
    file.chunk_limit = 100_000
    with pytest.raises(TooMuchError):
        file.read([0], ["B02"])
    with pytest.raises(TooMuchError):
        opened(server, client, tmp_path).read([0], ["B02", "B03"], limit=1000)


def test_a_chunk_that_says_it_unpacks_to_gigabytes_is_refused(
    server: RangeServer, client: RemoteClient, tmp_path: Path
) -> None:
    bomb = written(pa.table({"a": [b"\0" * 30_000_000]}), compression="zstd", use_dictionary=False)
    assert len(bomb) < 20_000
    url = server.put("/bomb.parquet", bomb)
    file = RemoteParquet.open(url, client=client, cache_dir=tmp_path, chunk_limit=1_000_000)
    with pytest.raises(TooMuchError):
        file.read([0], ["a"])


def flipped(raw: bytes, places: list[tuple[int, int]]) -> bytes:
    out = bytearray(raw)
    for place, value in places:
        out[place % len(out)] = value
    return bytes(out)


SMALL = written(a_table(rows=6, size=100), row_group_size=2)
FOOTER = struct.unpack("<I", SMALL[-8:-4])[0]


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    places=st.lists(st.tuples(st.integers(0, 2**20), st.integers(0, 255)), min_size=1, max_size=4),
    footer=st.booleans(),
)
def test_damaged_bytes_are_our_error_or_other_values(
    hostile: tuple[RangeServer, RemoteClient],
    tmp_path_factory: pytest.TempPathFactory,
    places: list[tuple[int, int]],
    *,
    footer: bool,
) -> None:
    server, client = hostile
    cut = len(SMALL) - FOOTER - 8
    content = (
        SMALL[:cut] + flipped(SMALL[cut:-8], places) + SMALL[-8:]
        if footer
        else flipped(SMALL[:cut], places) + SMALL[cut:]
    )
    url = server.put("/hostile.parquet", content)
    folder = tmp_path_factory.mktemp("hostile")
    try:
        file = RemoteParquet.open(url, client=client, cache_dir=folder, chunk_limit=2**20)
        for group in range(min(file.metadata.num_row_groups, 3)):
            file.told(group, ["grid_cell", "product_id"])
            file.read([group], file.schema.names[:9])
        file.groups_where({"lat": (0, 1), "bbox.xmin": (0, 1)})
    except (RemoteError, BadQueryError) as error:
        assert str(error)  # noqa: PT017 - either is fine, anything else is not


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RangeServer, RemoteClient]]:
    with range_server() as running:
        client = a_client(tmp_path_factory.mktemp("cache"))
        yield running, client
        client.close()


def test_a_process_that_waits_for_a_footer_takes_the_one_that_was_fetched(
    server: RangeServer, client: RemoteClient, tmp_path: Path
) -> None:
    from filelock import FileLock

    url = server.address + PATH
    opened(server, client, tmp_path)
    (lock,) = (tmp_path / "remote" / "locks").iterdir()
    opened(server, client, tmp_path).forget()
    held, done = FileLock(lock), []
    held.acquire()  # as another process does that is fetching it
    thread = threading.Thread(target=lambda: done.append(opened(server, client, tmp_path)))
    thread.start()
    thread.join(0.2)
    assert server.requests == 1
    assert not done
    held.release()
    thread.join()
    assert server.requests == 2
    assert done[0].url == url


def test_pages_tell_their_size_before_they_are_unpacked() -> None:
    content = written(pa.table({"a": [b"\0" * 30_000_000]}), compression="zstd")
    column = pq.read_metadata(io.BytesIO(content)).row_group(0).column(0)
    start = column.dictionary_page_offset
    chunk = content[start : start + column.total_compressed_size]
    assert sizes(chunk)[1] == 1
    assert 30_000_000 < unpacked_size(chunk) <= column.total_uncompressed_size
    assert unpacked_size(chunk[:-1]) == unpacked_size(chunk[1:]) == IMPOSSIBLE
    assert unpacked_size(b"\x19" * 1000) == IMPOSSIBLE


@pytest.mark.parametrize(
    "piece",
    [
        b"\x25\0\x15\0\0",  # a page of nothing
        b"\x15\0",  # a field of its head
        b"\x19\xfc\xff\xff\xff\x07" + b"\0" * 2**16,  # a list
    ],
    ids=["pages", "fields", "lists"],
)
def test_a_chunk_of_heads_alone_is_not_looked_through(piece: bytes) -> None:
    """Five bytes make a page, and 64 MiB of them would take minutes."""
    few, many = (piece * (size // len(piece)) for size in (2**12, 2**23))
    assert unpacked_size(many) == IMPOSSIBLE
    if piece.startswith(b"\x25"):
        assert unpacked_size(few) == 0
        assert unpacked_size(piece * (MOST_VALUES // 3)) == 0
        assert unpacked_size(piece * (MOST_VALUES // 3 + 1)) == IMPOSSIBLE


def test_a_page_that_becomes_more_than_its_footer_says_is_refused(
    server: RangeServer, client: RemoteClient, tmp_path: Path
) -> None:
    content = bytearray(written(pa.table({"a": [b"x" * 2_000_000]}), compression=None))
    url = server.put("/lies.parquet", bytes(content))
    file = RemoteParquet.open(url, client=client, cache_dir=tmp_path, chunk_limit=2_100_000)
    told = b"\x88\x92\xf4\x01"  # 2,000,004 as the page's head has it
    place = content.index(told, file.spans(0)["a"][0])
    content[place : place + 4] = b"\xfe\xff\xff\x7f"  # 128 MiB
    server.put("/lies.parquet", bytes(content), etag=file.stamp.etag)
    with pytest.raises(DamagedRemoteError, match="too large pages"):
        file.read([0], ["a"])


@pytest.mark.parametrize("version", ["1.0", "2.0"])
def test_a_few_bytes_that_say_they_are_millions_of_values_are_refused(
    server: RangeServer, client: RemoteClient, tmp_path: Path, version: str
) -> None:
    lists = pa.array([np.zeros(3_000_000, "f4")], pa.list_(pa.float32()))
    content = written(pa.table({"a": lists}), data_page_version=version, data_page_size=2**30)
    assert len(content) < 10_000
    url = server.put("/zeros.parquet", content)
    file = RemoteParquet.open(url, client=client, cache_dir=tmp_path)
    low, high = file.spans(0)["a.list.element"]
    assert sizes(content[low:high])[1] == 3_000_000
    assert len(file.read([0], ["a"])["a"][0]) == 3_000_000
    file.chunk_limit = 1_000_000
    with pytest.raises(DamagedRemoteError, match="too large"):
        file.read([0], ["a"])


def test_a_folder_that_cannot_be_written_is_no_error(
    server: RangeServer, client: RemoteClient, tmp_path: Path
) -> None:
    blocked = tmp_path / "file"
    blocked.write_bytes(b"")
    for _ in range(2):
        file = RemoteParquet.open(server.address + PATH, client=client, cache_dir=blocked)
        assert file.read([3], ["grid_cell"])["grid_cell"].to_pylist() == ["3U_3R"]


class Here:
    """Reads from bytes instead of from afar."""

    def __init__(self, content: bytes) -> None:
        self.content = content

    def ranges(self, _url: str, spans: Any, **_: Any) -> list[bytes]:
        return [self.content[a:b] for a, b in spans]


@pytest.mark.parametrize("value", [0, 127, 255])
def test_no_damaged_byte_of_a_footer_ends_the_process(tmp_path: Path, value: int) -> None:
    """pyarrow ends it where it is asked about a damaged column chunk directly."""
    content = written(a_table(rows=1, size=10))
    length = struct.unpack("<I", content[-8:-4])[0]
    begin = len(content) - length - 8
    wrong = 0
    for place in range(begin, begin + min(length, 3000), 5):
        damaged = bytearray(content)
        damaged[place] = value
        client: Any = Here(bytes(damaged))
        try:
            file = RemoteParquet(
                "https://a.example/b",
                Stamp(size=len(content)),
                bytes(damaged[begin:-8]),
                client=client,
                cache=DiskCache(tmp_path, 0),
            )
            file.chunk_limit = 2**20
            file.told(0, ["grid_cell"])
            file.groups_where({"lat": (0, 1), "bbox.xmin": (0, 1)})
            file.read([0], TABLE.schema.names)
        except RemoteError:
            wrong += 1
    assert wrong > 10


def test_a_text_that_is_said_once_and_meant_often_is_refused(
    server: RangeServer, client: RemoteClient, tmp_path: Path
) -> None:
    often = pa.DictionaryArray.from_arrays(pa.array([0] * 6000, pa.int32()), ["x" * 900_000])
    url = server.put("/often.parquet", written(pa.table({"a": often}), row_group_size=6000))
    file = RemoteParquet.open(url, client=client, cache_dir=tmp_path)
    with pytest.raises(TooMuchError, match="bytes of text"):  # 5.4 GB out of 0.1 MB
        file.read([0], ["a"])


def test_many_short_texts_are_read_as_they_are(
    server: RangeServer, client: RemoteClient, tmp_path: Path
) -> None:
    table = pa.table(
        {
            "id": [f"{i:020d}" for i in range(40_000)],
            "place": [f"{i % 7}" if i % 3 else None for i in range(40_000)],
            "raw": pa.array([i.to_bytes(20, "big") for i in range(40_000)], pa.large_binary()),
        }
    )
    url = server.put("/many.parquet", written(table, row_group_size=20_000))
    file = RemoteParquet.open(url, client=client, cache_dir=tmp_path)
    assert file.read([0, 1], table.column_names).equals(table)
