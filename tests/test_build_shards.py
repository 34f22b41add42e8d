"""Tiles of Major TOM's shards, beside rasterio's direct decode of the same bytes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

rasterio = pytest.importorskip("rasterio")

from rasterio.io import MemoryFile  # noqa: E402
from rasterio.windows import Window, bounds  # noqa: E402

from eex.build.items import Tiling, Want  # noqa: E402
from eex.build.reading import read_item  # noqa: E402
from eex.build.rows import SHARD_TILES  # noqa: E402
from eex.build.tiling import plan_items  # noqa: E402
from eex.config import Settings  # noqa: E402
from eex.errors import BadPictureError, DamagedRemoteError, ShapeError  # noqa: E402
from eex.imagery.tone import true_colour  # noqa: E402
from eex.sources.refs import ShardRef  # noqa: E402
from range_server import range_server  # noqa: E402
from shards import NEW, cached_sample, write_shard  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore:Use `@` matmul:PendingDeprecationWarning")

RGB = Want(bands=("B04", "B03", "B02"), stretch="majortom")
SOME = Want(bands=("B11", "B02"))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(cache_dir=tmp_path / "cache", threads=1, fetch_hosts=("127.0.0.1",))


def decoded(raw: bytes) -> tuple[np.ndarray, rasterio.Affine, str]:
    with MemoryFile(raw) as memory, memory.open() as file:
        return file.read(1), file.transform, file.crs.to_string()


@pytest.mark.parametrize(
    "tiling",
    [
        Tiling(size=224, grid="majortom"),
        Tiling(size=384, grid="majortom", centre=True),
        Tiling(size=500, stride=300),
    ],
)
def test_tiles_are_windows_of_the_rasters(
    tmp_path: Path, settings: Settings, tiling: Tiling
) -> None:
    import shapely

    rows = [cached_sample(0), cached_sample(1, old=True)]
    path = write_shard(tmp_path / "part_00001.parquet", rows)
    ref = ShardRef(id="part_00001", href=str(path), rows=2, attribution="them")
    (item,) = plan_items([ref], tiling)
    batches = list(read_item(item, tiling, [RGB, SOME], settings=settings, batch=8))
    assert {len(b.tiles) for b in batches[:-1]} <= {8}
    assert all(b.tiles.schema == SHARD_TILES for b in batches)
    records = [record for b in batches for record in b.tiles.to_pylist()]
    shown = np.concatenate([b.pixels[RGB] for b in batches])
    stored = np.concatenate([b.pixels[SOME] for b in batches])
    assert len(records) == 2 * {224: 25, 384: 1, 500: 9}[tiling.size]
    assert len({record["unique_id"] for record in records}) == len(records)
    for number, record in enumerate(records):
        row = rows[record["parquet_row"]]
        top, left, bottom, right = record["pixel_bbox"]
        part = np.s_[top:bottom, left:right]
        bands = {band: decoded(row[band])[0] for band in ("B04", "B03", "B02", "B11")}
        dn = np.stack([bands[band][part] for band in RGB.bands])
        np.testing.assert_array_equal(shown[number], true_colour(dn))
        b11 = np.kron(bands["B11"], np.ones((2, 2), np.uint16))
        np.testing.assert_array_equal(stored[number], np.stack([b11[part], bands["B02"][part]]))
        _, transform, crs = decoded(row["B04"])
        own = shapely.from_wkt(record["utm_footprint"]).bounds
        window = Window(left, top, right - left, bottom - top)
        assert own == pytest.approx(bounds(window, transform), abs=1e-6)
        assert (record["utm_crs"], record["grid_cell"]) == (crs, row["grid_cell"])
        assert (record["product_id"], record["timestamp"]) == (row["product_id"], row["timestamp"])
        assert (record["parquet_url"], record["scene"]) == (str(path), "part_00001")
        assert record["grid_row_u"] == int(row["grid_cell"].split("U")[0])


def test_far_away_it_is_the_same_by_range(tmp_path: Path, settings: Settings) -> None:
    rows = [cached_sample(n) for n in range(3)]
    path = write_shard(tmp_path / "part_00001.parquet", rows)
    tiling = Tiling(size=384, grid="majortom", centre=True)
    near = ShardRef(id="p", href=str(path), rows=3, keep=(2, 0))
    with range_server() as server:
        url = server.put("/images/part_00001.parquet", path.read_bytes())
        far = ShardRef(id="p", href=url, rows=3, keep=(2, 0))
        found = []
        for ref in (near, far):
            (item,) = plan_items([ref], tiling)
            found += list(read_item(item, tiling, [RGB], settings=settings))
        assert server.body_bytes < path.stat().st_size
        gone = ShardRef(id="p", href=url, rows=9, keep=(8,))
        with pytest.raises(DamagedRemoteError, match="no row 8"):
            list(read_item(plan_items([gone], tiling)[0], tiling, [RGB], settings=settings))
    np.testing.assert_array_equal(found[0].pixels[RGB], found[1].pixels[RGB])
    assert found[1].tiles["parquet_row"].to_pylist() == [2, 0]
    assert found[1].tiles["parquet_url"].to_pylist() == [url] * 2
    same = ["parquet_url"]
    assert found[0].tiles.drop_columns(same).equals(found[1].tiles.drop_columns(same))


def test_clouds_and_the_offset(tmp_path: Path, settings: Settings) -> None:
    row = cached_sample(0)
    assert row["product_id"] == NEW  # baseline 04.00
    path = write_shard(tmp_path / "p.parquet", [row])
    ref = ShardRef(id="p", href=str(path), rows=1)
    mask = decoded(row["cloud_mask"])[0] == 1
    tiling = Tiling(size=224, grid="majortom", max_cloud=0.3, remove_offset=True)
    (item,) = plan_items([ref], tiling)
    (batch,) = read_item(item, tiling, [SOME], settings=settings)
    expected = {}
    for top in (0, 211, 422, 633, 844):
        for left in (0, 211, 422, 633, 844):
            cover = mask[top : top + 224, left : left + 224].mean()
            if cover <= 0.3:
                expected[top, left] = 100 * cover
    found = {tuple(r["pixel_bbox"][:2]): r["cloud_cover"] for r in batch.tiles.to_pylist()}
    assert found == pytest.approx(expected)
    assert 0 < len(expected) < 25
    b02 = decoded(row["B02"])[0].astype(int) - 1000
    top, left, bottom, right = batch.tiles["pixel_bbox"][0].as_py()
    np.testing.assert_array_equal(batch.pixels[SOME][0, 1], b02[top:bottom, left:right])


def test_what_is_no_shard_is_told(tmp_path: Path, settings: Settings) -> None:
    path = write_shard(tmp_path / "p.parquet", [cached_sample(0)])
    tiling = Tiling(size=384, grid="majortom", centre=True)

    def read(ref: ShardRef, want: Want = RGB) -> None:
        list(read_item(plan_items([ref], tiling)[0], tiling, [want], settings=settings))

    ref = ShardRef(id="p", href=str(path), rows=1)
    with pytest.raises(ShapeError, match="has no B10"):
        read(ref, Want(bands=("B10",)))
    with pytest.raises(BadPictureError, match="no row 4"):
        read(ShardRef(id="p", href=str(path), rows=5, keep=(4,)))
    path.write_bytes(b"nothing")
    with pytest.raises(BadPictureError, match="Parquet"):
        read(ref)
    path.unlink()
    with pytest.raises(BadPictureError, match="Parquet"):
        read(ref)
