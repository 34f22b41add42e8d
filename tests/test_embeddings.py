"""Sets survive writing and opening; a damaged one is told, never half used."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely

from eex.build import write_geoparquet
from eex.embeddings import SetHeader, open_table, unit_rows
from eex.errors import DamagedSetError, SetNotFoundError
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


def test_an_opened_set_holds_what_was_written_as_unit_vectors(path: Path, tmp_path: Path) -> None:
    opened = open_table(path, cache_dir=tmp_path / "cache")
    wanted = np.stack(toy()["embedding"].to_pylist())
    wanted /= np.linalg.norm(wanted, axis=1, keepdims=True)
    np.testing.assert_allclose(opened.vectors, wanted, atol=5e-4)
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


def test_a_set_that_changed_is_opened_anew(path: Path, tmp_path: Path) -> None:
    first = open_table(path, cache_dir=tmp_path / "cache")
    write_geoparquet(toy(rows=20), path, header=header())
    second = open_table(path, cache_dir=tmp_path / "cache")
    assert (len(first), len(second)) == (50, 20)
    assert first.key != second.key


def test_vectors_without_direction_become_zero() -> None:
    vectors = np.ones((4, DIM))
    vectors[1] = 0
    vectors[2, 3] = np.nan
    vectors[3, 0] = np.inf
    lengths = np.linalg.norm(unit_rows(vectors), axis=1)
    np.testing.assert_allclose(lengths, [1, 0, 0, 0], atol=1e-6)


def test_the_file_is_geoparquet_1_1(path: Path) -> None:
    table = pq.read_table(path)
    geo = json.loads(table.schema.metadata[b"geo"])
    column = geo["columns"]["geometry"]
    assert (geo["version"], geo["primary_column"]) == ("1.1.0", "geometry")
    assert column["encoding"] == "WKB"
    shapes = shapely.from_wkb(table["geometry"].to_numpy())
    assert set(column["geometry_types"]) == {shape.geom_type for shape in shapes}
    boxes = np.array([list(box.values()) for box in table["bbox"].to_pylist()])
    np.testing.assert_array_equal(boxes, shapely.bounds(shapes))
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
    with pytest.raises(DamagedSetError, match="lacks centre_lat, centre_lon, embedding"):
        open_table(path, cache_dir=tmp_path)


def test_vectors_of_another_length_are_told(tmp_path: Path) -> None:
    path = tmp_path / "short.parquet"
    table = toy(vectors=np.ones((ROWS, DIM), np.float32))
    write_geoparquet(table, path, header=SetHeader(id="t", title="", model="m", dim=DIM + 1))
    with pytest.raises(DamagedSetError, match="length 7"):
        open_table(path, cache_dir=tmp_path)


def test_a_damaged_prepared_set_says_what_to_delete(path: Path, tmp_path: Path) -> None:
    open_table(path, cache_dir=tmp_path / "cache")
    vectors = next((tmp_path / "cache").rglob("vectors.npy"))
    vectors.write_bytes(vectors.read_bytes()[:300])
    with pytest.raises(DamagedSetError) as caught:
        open_table(path, cache_dir=tmp_path / "cache")
    assert "Delete" in caught.value.hint


def test_headers_of_later_versions_are_read() -> None:
    record = json.loads(header().to_json()) | {"new": 1}
    assert SetHeader.from_json(json.dumps(record)) == header()
    with pytest.raises(DamagedSetError):
        SetHeader.from_json("[]")
