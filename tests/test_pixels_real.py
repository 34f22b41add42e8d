"""Two real samples of Major TOM, put into shards: what is read is what was stored, and where."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from eex.config import Settings
from eex.grid import Cells, Grid
from eex.imagery.majortom import MajorTomReader
from eex.imagery.scene import L2A, RGB
from eex.tiles import TileRef
from range_server import RangeServer, range_server
from shards import METRES, RASTERS, WHOLE, unpacked, write_shard
from shared_data import SHARED, needs_shared

pytestmark = needs_shared
rasterio = pytest.importorskip("rasterio")
pyproj = pytest.importorskip("pyproj")


def folders() -> list[Path]:
    assert SHARED is not None
    return sorted(path.parent for path in (SHARED / "data" / "majortom").glob("*/*/*/B04.tif"))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RangeServer, str]]:
    file = tmp_path_factory.mktemp("real") / "shard.parquet"
    write_shard(file, [unpacked(folder) for folder in folders()])
    with range_server() as running:
        yield running, running.put("/images/part_00001.parquet", file.read_bytes())


@pytest.fixture
def reader(tmp_path: Path) -> MajorTomReader:
    return MajorTomReader(Settings(cache_dir=tmp_path, threads=1, fetch_hosts=("127.0.0.1",)))


def tile_of(url: str, row: int, **more: Any) -> TileRef:
    folder = folders()[row]
    told = {
        "lon": 0.0,
        "lat": 0.0,
        "grid_cell": folder.parent.name,
        "product_id": folder.name,
        "timestamp": folder.name.split("_")[2],
        "parquet_url": url,
        "parquet_row": row,
        "crop": 384,
    }
    return TileRef(**(told | more))


def source(folder: Path, band: str) -> Any:
    with rasterio.open(folder / f"{band}.tif") as file:
        return file.read(1), tuple(file.transform)[:6], file.crs.to_string(), file.bounds


def test_there_are_an_old_and_a_new_baseline() -> None:
    names = [folder.name for folder in folders()]
    assert len(names) == 2
    assert sum("_N0400_" in name for name in names) == 1
    assert sum("_N9999_" in name for name in names) == 1


@pytest.mark.parametrize("row", [0, 1])
@pytest.mark.parametrize("band", RASTERS)
def test_every_band_equals_its_file_bit_for_bit(
    server: tuple[RangeServer, str], reader: MajorTomReader, row: int, band: str
) -> None:
    found = reader.pixels(tile_of(server[1], row), kind="bands", bands=[band], crop="whole")
    values, transform, crs, _ = source(folders()[row], band)
    np.testing.assert_array_equal(found.values[0], values)
    assert found.transform == pytest.approx(transform)
    assert found.crs == crs


@pytest.mark.parametrize("row", [0, 1])
def test_all_bands_lie_on_the_grid_of_10_m(
    server: tuple[RangeServer, str], reader: MajorTomReader, row: int
) -> None:
    found = reader.pixels(tile_of(server[1], row), kind="bands", crop="whole")
    assert found.values.shape == (12, WHOLE, WHOLE)
    for layer, band in zip(found.values, L2A, strict=True):
        step = METRES[band] // 10
        values = source(folders()[row], band)[0]
        np.testing.assert_array_equal(layer[::step, ::step], values)
        np.testing.assert_array_equal(layer, np.kron(values, np.ones((step, step), values.dtype)))


@pytest.mark.parametrize("row", [0, 1])
def test_a_tile_lies_where_its_cell_says(
    server: tuple[RangeServer, str], reader: MajorTomReader, row: int
) -> None:
    """The cell's corner by the grid, projected by PROJ, less 340 m: that of the file to 1 mm."""
    folder = folders()[row]
    _, _, crs, bounds = source(folder, "B04")
    corner = Grid(10.0).bottom_left(Cells.parse([folder.parent.name]))[0]
    x, y = pyproj.Transformer.from_crs("EPSG:4326", crs, always_xy=True).transform(*corner)
    assert (bounds.left, bounds.bottom) == pytest.approx((x - 340, y - 340), abs=1e-3)
    thumbnail = reader.pixels(tile_of(server[1], row), kind="thumbnail", crop="whole")
    assert thumbnail.crs == crs  # by the product's square
    a, _, left, _, e, top = thumbnail.transform
    assert (left, top) == pytest.approx((bounds.left, bounds.top), abs=1e-3)
    assert (left + WHOLE * a, top + WHOLE * e) == pytest.approx(
        (bounds.right, bounds.bottom), abs=1e-3
    )


@pytest.mark.parametrize("row", [0, 1])
def test_what_was_embedded_is_the_centre(
    server: tuple[RangeServer, str], reader: MajorTomReader, row: int
) -> None:
    found = reader.pixels(tile_of(server[1], row))
    expected = np.stack([source(folders()[row], band)[0] for band in RGB])[:, 342:726, 342:726]
    np.testing.assert_array_equal(found.values, expected)
    (scene,) = reader.encoder_input([tile_of(server[1], row)], bands=RGB)
    np.testing.assert_array_equal(scene.dn, expected)


@pytest.mark.parametrize("row", [0, 1])
def test_a_thumbnail_and_its_bands_look_alike(
    server: tuple[RangeServer, str], reader: MajorTomReader, row: int
) -> None:
    """Also once the offset of its baseline is off both: by numbers here, by levels there."""
    tile = tile_of(server[1], row)
    thumbnail, rgb = (reader.pixels(tile, kind=kind) for kind in ("thumbnail", "rgb"))  # type: ignore[arg-type]
    apart = np.abs(thumbnail.picture().astype(int) - rgb.picture()).mean()
    assert apart < 6


def test_the_offset_of_a_baseline_is_what_they_differ_by(
    server: tuple[RangeServer, str], reader: MajorTomReader
) -> None:
    """The old sample called new is darker by 1000, the new one called old brighter."""
    for row in (0, 1):
        tile = tile_of(server[1], row)
        found = reader.pixels(tile)
        other = "_N9999_" if "_N0400_" in tile.product_id else "_N0400_"
        renamed = "_".join(tile.product_id.split("_")[:3]) + other + "R1"
        shown = found.picture().mean()
        turned = replace(found, tile=replace(tile, product_id=renamed)).picture().mean()
        assert (turned > shown) == (other == "_N9999_")


def test_two_tiles_of_a_shard_are_not_mixed_up(
    server: tuple[RangeServer, str], reader: MajorTomReader
) -> None:
    tiles = [tile_of(server[1], 1), tile_of(server[1], 0)]
    for tile, found in zip(tiles, reader.pixels_of(tiles), strict=True):
        values = source(folders()[tile.parquet_row], "B04")[0]
        np.testing.assert_array_equal(found.values[0], values[342:726, 342:726])
