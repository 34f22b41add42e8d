"""Real scenes and samples become tiles: pixels and places beside rasterio's own. They are not here:
the tests skip without the folder beside the repository."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

rasterio = pytest.importorskip("rasterio")

from rasterio.warp import transform as warp  # noqa: E402
from rasterio.windows import Window, bounds  # noqa: E402

from eex.build.items import Tiling, Want  # noqa: E402
from eex.build.layout import layout_opener  # noqa: E402
from eex.build.reading import read_item  # noqa: E402
from eex.build.tiling import plan_items  # noqa: E402
from eex.config import Settings  # noqa: E402
from eex.imagery.tone import true_colour  # noqa: E402
from eex.sources.refs import Asset, SceneRef, ShardRef  # noqa: E402
from shards import unpacked, write_shard  # noqa: E402
from shared_data import SHARED, needs_shared  # noqa: E402

pytestmark = [
    needs_shared,
    pytest.mark.filterwarnings("ignore:Use `@` matmul:PendingDeprecationWarning"),
]


def data(path: str) -> Path:
    assert SHARED is not None
    return SHARED / "data" / path


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(cache_dir=tmp_path / "cache", threads=1)


def many_bands(path: Path, names: Sequence[str], **about: Any) -> SceneRef:
    bands = {name: Asset(href=str(path), index=i + 1) for i, name in enumerate(names)}
    return SceneRef(id=path.stem, bands=bands, **about)


def check(ref: SceneRef, tiling: Tiling, settings: Settings) -> int:
    """Compare every tile with a plain window read and the file's own transform; count them."""
    import shapely

    names = tuple(ref.bands)
    rgb = Want(bands=names[:3], stretch="majortom")
    raw = Want(bands=names)
    items = plan_items([ref], tiling, open_layout=layout_opener(settings))
    count = 0
    whole = {}
    for asset in ref.bands.values():
        with rasterio.open(asset.href) as file:
            whole[asset] = file.read(asset.index).clip(0)
    with rasterio.open(next(iter(ref.bands.values())).href) as file:
        for item in items:
            for batch in read_item(item, tiling, [rgb, raw], settings=settings):
                for row, record in enumerate(batch.tiles.to_pylist()):
                    top, left, bottom, right = record["pixel_bbox"]
                    window = Window(left, top, right - left, bottom - top)
                    part = np.s_[top:bottom, left:right]
                    stored = np.stack([whole[asset][part] for asset in ref.bands.values()])
                    np.testing.assert_array_equal(batch.pixels[raw][row], stored)
                    np.testing.assert_array_equal(batch.pixels[rgb][row], true_colour(stored[:3]))
                    box = bounds(window, file.transform)
                    assert shapely.from_wkt(record["utm_footprint"]).bounds == pytest.approx(box)
                    assert record["utm_crs"] == file.crs.to_string()
                    middle = [(box[0] + box[2]) / 2], [(box[1] + box[3]) / 2]
                    (lon,), (lat,) = warp(file.crs, "OGC:CRS84", *middle)
                    assert (record["centre_lon"], record["centre_lat"]) == pytest.approx((lon, lat))
                    count += 1
    return count


def test_the_bolzano_scene(settings: Settings) -> None:
    ref = many_bands(data("sentinel2/bolzano_l2a_10m.tif"), ("B02", "B03", "B04", "B08", "five"))
    tiling = Tiling(max_nodata=1.0)
    # its corner is pixel 67,499 of its zone, row 515,496 from the equator; 935 x 705 pixels
    across = [x for x in range(67_499, 67_499 + 935 - 224 + 1) if x % 112 == 0]
    down = [y for y in range(-515_496, -515_496 + 705 - 224 + 1) if y % 112 == 0]
    assert check(ref, tiling, settings) == (len(across) + 2) * (len(down) + 2)


def test_the_satclip_patches(settings: Settings) -> None:
    names = [f"c{i}" for i in range(12)]
    paths = sorted(data("sentinel2/satclip").glob("*.tif"))
    assert len(paths) == 10
    for path in paths:
        assert (
            check(many_bands(path, names), Tiling(size=224, stride=112, max_nodata=0.5), settings)
            >= 4
        )


def test_the_boadella_pair_has_every_place_twice_or_once(settings: Settings) -> None:
    names = [f"c{i}" for i in range(12)]
    refs = [
        many_bands(path, names, group=path.stem, cloud_cover=cloud)
        for path, cloud in zip(
            sorted(data("sentinel2").glob("Boadella*.tif")), (9.0, 1.0), strict=True
        )
    ]
    tiling = Tiling(size=128, stride=64, max_nodata=0.5)
    both = sum(check(ref, tiling, settings) for ref in refs)
    opener = layout_opener(settings)
    twice = plan_items(refs, tiling, open_layout=opener)
    assert both == sum(item.tiles for item in twice) > 40
    assert {item.ref.id for item in twice} == {ref.id for ref in refs}


def test_both_samples_of_major_tom_as_scenes_and_in_a_shard(
    tmp_path: Path, settings: Settings
) -> None:
    folders = [path.parent for path in sorted(data("majortom").glob("*/*/*/B04.tif"))]
    assert len(folders) == 2
    shard = write_shard(tmp_path / "part.parquet", [unpacked(folder) for folder in folders])
    tiling = Tiling(size=224, grid="majortom", max_nodata=1.0)
    want = Want(bands=("B04", "B03", "B02"), stretch="majortom")
    found = {}
    (item,) = plan_items([ShardRef(id="part", href=str(shard), rows=2)], tiling)
    for batch in read_item(item, tiling, [want], settings=settings):
        for record, picture in zip(batch.tiles.to_pylist(), batch.pixels[want], strict=True):
            found[record["grid_cell"], tuple(record["pixel_bbox"])] = record, picture
    assert len(found) == 50
    for folder in folders:
        bands = {band: Asset(href=str(folder / f"{band}.tif")) for band in want.bands}
        ref = SceneRef(id=folder.name, bands=bands, product_id=folder.name)
        assert check(ref, Tiling(size=384, stride=342), settings) >= 9
        items = plan_items([ref], tiling, open_layout=layout_opener(settings))
        (batch,) = [b for i in items for b in read_item(i, tiling, [want], settings=settings)]
        assert len(batch.tiles) == 25
        for record, picture in zip(batch.tiles.to_pylist(), batch.pixels[want], strict=True):
            same, other = found[folder.parent.name, tuple(record["pixel_bbox"])]
            np.testing.assert_array_equal(picture, other)
            assert record["grid_cell"] == folder.parent.name
            for name in ("unique_id", "product_id", "utm_crs"):
                assert record[name] == same[name]
            assert record["centre_lon"] == pytest.approx(same["centre_lon"], abs=1e-9)
            assert record["centre_lat"] == pytest.approx(same["centre_lat"], abs=1e-9)
