"""Sets survive writing and opening; a damaged one is told, never half used."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely

from eex.columns.vectors import unit_rows
from eex.embeddings import SetHeader, open_folder, open_table
from eex.errors import DamagedSetError, OutputError, SetNotFoundError
from eex.geoparquet import write_geoparquet
from eex.tiles import tile_table, window_footprints

DIM = 6
ROWS = 50


def header() -> SetHeader:
    return SetHeader(id="toy", title="Toy", model="demo-bluemarble-concepts", dim=DIM)


def toy(rows: int = ROWS, vectors: np.ndarray | None = None) -> pa.Table:
    rng = np.random.default_rng(0)
    lonlat = np.column_stack([rng.uniform(-180, 180, rows), rng.uniform(-80, 80, rows)])
    if vectors is None:
        vectors = rng.normal(size=(rows, DIM)).astype(np.float32) * 7
    flat = pa.array(vectors.ravel())
    return tile_table(
        {
            "unique_id": [f"id{i}" for i in range(rows)],
            "grid_cell": [f"{i}U_0R" for i in range(rows)],
            "geometry": window_footprints(lonlat, window_km=200),
            "centre_lon": lonlat[:, 0],
            "centre_lat": lonlat[:, 1],
        }
    ).append_column("embedding", pa.FixedSizeListArray.from_arrays(flat, DIM))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "toy.parquet"
    write_geoparquet(toy(), path, header=header())
    return path


def test_an_opened_set_holds_what_was_written_as_it_was_written(path: Path, tmp_path: Path) -> None:
    opened = open_table(path, cache_dir=tmp_path / "cache")
    wanted = np.stack(toy()["embedding"].to_pylist())
    assert opened.vectors.dtype == np.float32
    np.testing.assert_array_equal(opened.vectors, wanted.astype(np.float32))
    np.testing.assert_array_equal(opened.lonlat[:, 0], toy()["centre_lon"].to_numpy())
    assert opened.ids.to_pylist() == toy()["grid_cell"].to_pylist()
    assert opened.header == header()


def test_opening_maps_files_and_reads_nothing(path: Path, tmp_path: Path) -> None:
    opened = open_table(path, cache_dir=tmp_path / "cache")
    assert isinstance(opened.vectors, np.memmap)
    assert not opened.vectors.flags.writeable
    before = pa.total_allocated_bytes()
    again = open_table(path, cache_dir=tmp_path / "cache")
    assert again.key == opened.key
    assert pa.total_allocated_bytes() == before


def test_opening_again_needs_neither_arrow_nor_the_vectors(path: Path, tmp_path: Path) -> None:
    open_table(path, cache_dir=tmp_path / "cache")
    code = (
        "import sys; from pathlib import Path; from eex.embeddings import open_table\n"
        "some = open_table(Path(sys.argv[1]), cache_dir=Path(sys.argv[2]))\n"
        "assert some.vector(3).any()\n"
        "print(sorted({'pyarrow', 'shapely', 'pyproj', 'filelock'} & set(sys.modules)))\n"
        "print(len(some.rows), some.ids[3])"
    )
    command = [sys.executable, "-c", code, str(path), str(tmp_path / "cache")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["[]", "50", "3U_0R"]


def test_a_row_group_is_never_in_memory_as_a_whole(tmp_path: Path) -> None:
    rows, dim = 150_000, 128
    vectors = np.random.default_rng(0).normal(size=(rows, dim)).astype(np.float32)
    columns = {"embedding": pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), dim)}
    columns |= {name: pa.array(np.zeros(rows)) for name in ("lon", "lat")}
    path = tmp_path / "one.parquet"
    pq.write_table(pa.table(columns), path, row_group_size=rows)
    code = (
        "import sys; from pathlib import Path; from eex.embeddings import open_table\n"
        "some = open_table(Path(sys.argv[1]), cache_dir=Path(sys.argv[2]))\n"
        "import pyarrow; print(pyarrow.default_memory_pool().max_memory())"
    )
    command = [sys.executable, "-c", code, str(path), str(tmp_path / "cache")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert int(done.stdout) < vectors.nbytes / 2


def test_a_set_that_changed_is_opened_anew(path: Path, tmp_path: Path) -> None:
    first = open_table(path, cache_dir=tmp_path / "cache")
    write_geoparquet(toy(rows=20), path, header=header())
    second = open_table(path, cache_dir=tmp_path / "cache")
    assert (len(first), len(second)) == (50, 20)
    assert first.key != second.key
    assert first.vectors[49].any()  # still mapped
    assert len(list((tmp_path / "cache" / "opened").glob("toy-*"))) == 1


def test_sets_of_one_name_in_two_folders_do_not_push_each_other_out(
    path: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other" / path.name
    other.parent.mkdir()
    other.write_bytes(path.read_bytes())
    for _ in range(2):
        open_table(path, cache_dir=tmp_path / "cache")
        open_table(other, cache_dir=tmp_path / "cache")
    assert len(list((tmp_path / "cache" / "opened").glob("toy-*"))) == 2


def test_two_processes_open_a_set_once(path: Path, tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from eex.embeddings import table\n"
        "path, cache = map(Path, sys.argv[1:])\n"
        "convert = table._convert\n"
        "def slowly(*arguments, **named):\n"
        "    print('converted'); time.sleep(0.5); convert(*arguments, **named)\n"
        "table._convert = slowly\n"
        "print(len(table.open_table(path, cache_dir=cache)))"
    )
    command = [sys.executable, "-c", code, str(path), str(tmp_path / "cache")]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = [process.communicate()[0].split() for process in both]
    assert sorted(said) == [["50"], ["converted", "50"]]


def test_vectors_without_direction_become_zero() -> None:
    vectors = np.ones((4, DIM))
    vectors[1] = 0
    vectors[2, 3] = np.nan
    vectors[3, 0] = np.inf
    lengths = np.linalg.norm(unit_rows(vectors), axis=1)
    np.testing.assert_allclose(lengths, [1, 0, 0, 0], atol=1e-6)


@pytest.mark.parametrize("size", [1e-320, 1e-200, 1e200, 1.7e308])
def test_vectors_of_any_length_keep_their_direction(size: float) -> None:
    wanted = np.array([[3, 4], [1, 0]]) / [[5], [1]]
    np.testing.assert_allclose(unit_rows(wanted * size), wanted, rtol=1e-3)


def test_the_file_is_geoparquet_1_1(path: Path) -> None:
    table = pq.read_table(path)
    geo = json.loads(table.schema.metadata[b"geo"])
    column = geo["columns"]["geometry"]
    assert (geo["version"], geo["primary_column"]) == ("1.1.0", "geometry")
    assert column["encoding"] == "WKB"
    shapes = shapely.from_wkb(table["geometry"].to_numpy())
    assert set(column["geometry_types"]) == {shape.geom_type for shape in shapes}
    boxes = np.array([list(box.values()) for box in table["bbox"].to_pylist()])
    bounds = shapely.bounds(shapes)
    np.testing.assert_allclose(boxes, bounds, atol=2e-5)
    assert (boxes[:, :2] <= bounds[:, :2]).all()
    assert (boxes[:, 2:] >= bounds[:, 2:]).all()
    assert (boxes[:, 0] <= boxes[:, 2]).all()
    assert column["covering"]["bbox"]["xmin"] == ["bbox", "xmin"]


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(SetNotFoundError, match="no embedding set"):
        open_table(tmp_path / "none.parquet", cache_dir=tmp_path)


@pytest.mark.parametrize("damage", ["empty", "text", "cut", "flipped"])
def test_a_damaged_file_is_told_and_leaves_nothing(path: Path, tmp_path: Path, damage: str) -> None:
    raw = bytearray(path.read_bytes())
    if damage == "empty":
        raw = bytearray()
    elif damage == "text":
        raw = bytearray(b"this is not parquet")
    elif damage == "cut":
        del raw[len(raw) // 2 :]
    else:
        raw[100:1500] = bytes(b ^ 255 for b in raw[100:1500])
    path.write_bytes(raw)
    with pytest.raises(DamagedSetError):
        open_table(path, cache_dir=tmp_path / "cache")
    assert not list((tmp_path / "cache").rglob("*.npy"))


def test_a_table_without_vectors_is_told(tmp_path: Path) -> None:
    path = tmp_path / "plain.parquet"
    pq.write_table(pa.table({"a": [1]}), path)
    with pytest.raises(DamagedSetError, match="no column of vectors"):
        open_table(path, cache_dir=tmp_path)


def test_vectors_of_another_length_are_told(tmp_path: Path) -> None:
    path = tmp_path / "short.parquet"
    table = toy(vectors=np.ones((ROWS, DIM), np.float32))
    write_geoparquet(table, path, header=SetHeader(id="t", title="", model="m", dim=DIM + 1))
    with pytest.raises(DamagedSetError, match="length 7"):
        open_table(path, cache_dir=tmp_path)


def rewritten(path: Path, **columns: pa.Array | list[Any] | None) -> Path:
    """Write the toy set with columns replaced, added, or (None) left out."""
    table = pq.read_table(path)
    for name, values in columns.items():
        if name in table.column_names:
            table = table.drop_columns([name])
        if values is not None:
            table = table.append_column(name, pa.array(values))
    pq.write_table(table, path)
    return path


LISTS = np.random.default_rng(1).normal(size=(ROWS, DIM)).tolist()


@pytest.mark.parametrize("listed", [pa.list_, pa.large_list, lambda of: pa.list_(of, DIM)])
@pytest.mark.parametrize("of", [pa.float16(), pa.float32(), pa.float64(), pa.int8()])
def test_every_kind_of_list_of_numbers_is_read(
    path: Path, tmp_path: Path, listed: Any, of: pa.DataType
) -> None:
    values = np.clip(np.multiply(LISTS, 40), -127, 127).astype(of.to_pandas_dtype()).astype(float)
    column = pa.array(values.tolist(), pa.list_(pa.float64())).cast(pa.list_(of))
    opened = open_table(
        rewritten(path, embedding=column.cast(listed(of))), cache_dir=tmp_path / "cache"
    )
    assert opened.vectors.dtype == of.to_pandas_dtype()
    np.testing.assert_array_equal(opened.vectors, values)


def test_null_numbers_make_a_vector_unusable(path: Path, tmp_path: Path) -> None:
    lists = [[None, *LISTS[0][1:]], *LISTS[1:]]
    opened = open_table(rewritten(path, embedding=lists), cache_dir=tmp_path / "cache")
    assert opened.vectors.any(axis=1).tolist() == [False, *[True] * (ROWS - 1)]
    assert (opened.counts.null, opened.counts.usable) == (1, ROWS - 1)


WRONG: list[tuple[str, Any, str]] = [
    ("embedding", [1.0] * ROWS, "has double in `embedding`, where lists of numbers belong"),
    ("embedding", ["a"] * ROWS, "has string in `embedding`, where lists of numbers belong"),
    ("embedding", [["a"] * DIM] * ROWS, "in `embedding`, where lists of numbers belong"),
    ("embedding", [LISTS[0] + [0.0], LISTS[1][1:], *LISTS[2:]], "not of length 6"),
    ("centre_lat", ["north"] * ROWS, "has string in `centre_lat`, where degrees belong"),
    ("centre_lat", [None, *[0.0] * (ROWS - 1)], "`centre_lat` is missing or beyond 90 degrees"),
    ("centre_lat", [90.1, *[0.0] * (ROWS - 1)], "`centre_lat` is missing or beyond 90 degrees"),
    ("centre_lon", [np.nan, *[0.0] * (ROWS - 1)], "`centre_lon` is missing or beyond 180 deg"),
    ("centre_lon", [-181, *[0] * (ROWS - 1)], "`centre_lon` is missing or beyond 180 degrees"),
]


@pytest.mark.parametrize(("name", "values", "words"), WRONG)
def test_a_column_that_cannot_be_used_is_told_in_a_sentence(
    path: Path, tmp_path: Path, name: str, values: Any, words: str
) -> None:
    with pytest.raises(DamagedSetError, match=words) as caught:
        open_table(rewritten(path, **{name: values}), cache_dir=tmp_path / "cache")
    assert caught.value.hint
    assert not list((tmp_path / "cache").rglob("*.npy"))


def test_an_empty_set_is_told(path: Path, tmp_path: Path) -> None:
    pq.write_table(pq.read_table(path).slice(0, 0), path)
    with pytest.raises(DamagedSetError, match="is empty: it holds no tiles"):
        open_table(path, cache_dir=tmp_path / "cache")


@pytest.mark.parametrize("dim", [0, -1, "six", 6.0, None])
def test_a_header_without_a_length_is_told(path: Path, tmp_path: Path, dim: object) -> None:
    table, record = pq.read_table(path), json.loads(header().to_json()) | {"dim": dim}
    pq.write_table(table.replace_schema_metadata({"emb": json.dumps(record)}), path)
    with pytest.raises(DamagedSetError, match="dim is"):
        open_table(path, cache_dir=tmp_path / "cache")


def test_two_columns_of_one_name_are_told(path: Path, tmp_path: Path) -> None:
    table = pq.read_table(path)
    pq.write_table(table.append_column("centre_lat", table["centre_lat"]), path)
    with pytest.raises(DamagedSetError, match="two columns of one name"):
        open_table(path, cache_dir=tmp_path / "cache")


def test_a_folder_is_no_set(tmp_path: Path) -> None:
    with pytest.raises(SetNotFoundError, match=r"holds no \.parquet file"):
        open_table(tmp_path, cache_dir=tmp_path / "cache")


def test_degrees_of_single_precision_are_read(path: Path, tmp_path: Path) -> None:
    lat = pa.array(np.linspace(-90, 90, ROWS, dtype=np.float32))
    opened = open_table(rewritten(path, centre_lat=lat), cache_dir=tmp_path / "cache")
    np.testing.assert_array_equal(opened.lonlat[:, 1], lat)


def test_rows_without_cells_go_by_their_unique_id_or_number(path: Path, tmp_path: Path) -> None:
    opened = open_table(rewritten(path, grid_cell=None), cache_dir=tmp_path / "cache")
    assert opened.ids[7].as_py() == "id7"
    opened = open_table(rewritten(path, unique_id=None), cache_dir=tmp_path / "cache")
    assert opened.ids[7].as_py() == "7"
    assert len(opened.ids) == ROWS


def test_properties_are_what_json_can_hold(path: Path, tmp_path: Path) -> None:
    rewritten(
        path,
        geometry=None,
        thumbnail=[b"\xff"] * ROWS,
        cloud=[np.nan] * ROWS,
        mixed=[{"raw": b"\xff", "list": [1.5, np.inf]}] * ROWS,
        when=pa.array([1_600_000_000_123_456_789] * ROWS, pa.timestamp("ns")),
        day=[datetime(2020, 5, 1, tzinfo=UTC).date()] * ROWS,
        kind=pa.array(["a"] * ROWS).dictionary_encode(),
    )
    record = open_table(path, cache_dir=tmp_path / "cache").properties(3)
    assert json.loads(json.dumps(record, allow_nan=False)) == record
    assert "thumbnail" not in record
    assert "cloud" not in record
    assert record["mixed"] == {"raw": None, "list": [1.5, None]}
    assert record["when"] == "2020-09-13 12:26:40.123456789"
    assert (record["day"], record["kind"]) == ("2020-05-01", "a")


def test_categories_that_differ_between_row_groups_are_read(path: Path, tmp_path: Path) -> None:
    kinds = pa.array([f"kind {i}" for i in range(ROWS)]).dictionary_encode()
    table = pq.read_table(path).append_column("kind", kinds)
    pq.write_table(table, path, row_group_size=10)
    opened = open_table(path, cache_dir=tmp_path / "cache")
    assert [opened.properties(i)["kind"] for i in (0, 49)] == ["kind 0", "kind 49"]


@pytest.mark.parametrize("part", ["vectors.npy", "lonlat.npy", "rows.arrow", "set.json"])
@pytest.mark.parametrize("left", [None, 0, 100, 0.9])
def test_a_damaged_prepared_set_is_made_again(
    path: Path, tmp_path: Path, part: str, left: float | None
) -> None:
    before = open_table(path, cache_dir=tmp_path / "cache")
    damaged = next((tmp_path / "cache").rglob(part))
    if left is None:
        damaged.unlink()
    else:
        raw = damaged.read_bytes()
        damaged.unlink()  # not cut, since `before` has it mapped
        damaged.write_bytes(raw[: int(left if left > 1 else left * len(raw))])
    after = open_table(path, cache_dir=tmp_path / "cache")
    np.testing.assert_array_equal(after.vectors, before.vectors)
    assert after.rows.equals(before.rows)
    assert (after.header, after.key) == (before.header, before.key)


def test_flipped_bytes_in_a_prepared_set_raise_nothing_but_our_errors(
    path: Path, tmp_path: Path
) -> None:
    folder = open_table(path, cache_dir=tmp_path / "cache").folder
    assert folder is not None
    whole = {file.name: file.read_bytes() for file in folder.iterdir()}
    rng = np.random.default_rng(0)
    refused = 0
    for turn in range(150):
        name = sorted(whole)[turn % len(whole)]
        raw = bytearray(whole[name])
        for _ in range(3):
            raw[rng.integers(min(len(raw), 400))] = rng.integers(256)
        other = tmp_path / f"other{turn}"
        other.mkdir()
        for part, content in whole.items():
            (other / part).write_bytes(raw if part == name else content)
        try:
            some = open_folder(other, key="")
            assert len(some.rows) == len(some.ids) == ROWS
        except DamagedSetError:
            refused += 1
    assert refused > 20


def test_a_cache_that_cannot_be_written_is_told(path: Path, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("in the way")
    with pytest.raises(OutputError, match=r"Stopped opening toy\.parquet"):
        open_table(path, cache_dir=tmp_path / "cache")


def test_headers_of_later_versions_are_read() -> None:
    record = json.loads(header().to_json()) | {"new": 1}
    assert SetHeader.from_json(json.dumps(record)) == header()
    with pytest.raises(DamagedSetError):
        SetHeader.from_json("[]")


def test_a_header_of_another_program_does_not_stand_in_the_way(tmp_path: Path) -> None:
    path = tmp_path / "theirs.parquet"
    table = pa.table(
        {
            "embedding": pa.array([[1.0, 2.0]], pa.list_(pa.float32())),
            "centre_lon": [1.0],
            "centre_lat": [2.0],
        }
    )
    pq.write_table(table.replace_schema_metadata({"emb": '{"emb:type": "chip"}'}), path)
    embeddings = open_table(path, cache_dir=tmp_path)
    assert (embeddings.header.id, embeddings.header.dim) == ("theirs", 2)
