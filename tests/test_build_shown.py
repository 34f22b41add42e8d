"""Tiles of sets of one's own are looked at: pixels, heatmaps, from scenes and from shards."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import shapely

pytest.importorskip("rasterio")

import eex
from build_world import DEMO, rows
from eex.config import Settings
from eex.errors import BadQueryError
from eex.imagery.tone import true_colour
from range_server import range_server
from scenes import write_tif
from shards import cached_sample, write_shard
from test_build_shards import decoded
from test_heatmap import COLOURS, ColourLoader
from toy_sets import toy_set

pytestmark = pytest.mark.filterwarnings("ignore:Use `@` matmul:PendingDeprecationWarning")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        cache_dir=tmp_path / "cache", threads=1, fetch_hosts=("127.0.0.1",), device="cpu"
    )


def test_a_heatmap_of_an_own_tile_lies_where_its_pixels_lie(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    dn = np.full((3, 64, 96), 300, np.uint16)
    dn[1] = 2600  # green, and red in the upper right
    dn[0, :32, 64:], dn[1, :32, 64:] = 2600, 300
    write_tif(tmp_path / "own.tif", dn, left=500_000, top=5_000_000)
    toy_set(monkeypatch, COLOURS)  # whose model is found from here on
    monkeypatch.setattr("eex.encoders.open.encoder_spec", lambda *_: COLOURS)
    load = ColourLoader()
    monkeypatch.setattr("eex.encoders.open.encoder", lambda name, **_: load(name, variant=""))
    eex.make_set(
        "folder",
        tmp_path / "own.parquet",
        paths=[tmp_path / "own.tif"],
        bands=("B04", "B03", "B02"),
        model=COLOURS.name,
        size=64,
        stride=32,
        engine="here",
        settings=settings,
    )
    opened = eex.open_set(tmp_path / "own.parquet", settings=settings)
    opened.pool._load = load
    boxes = rows(tmp_path / "own.parquet")["pixel_bbox"].to_pylist()
    row = boxes.index([0, 32, 64, 96])
    found = opened.heatmap("red", row)
    np.testing.assert_array_equal(found.picture, true_colour(dn)[:, 32:96])
    height, width = found.grid.shape
    upper_right = found.grid[: height // 2, width // 2 :]
    elsewhere = [found.grid[height // 2 :], found.grid[:, : width // 2]]
    assert upper_right.min() > max(part.max() for part in elsewhere)
    (path,) = found.save(tmp_path / "heat.tif")
    import rasterio

    with rasterio.open(path) as file:
        assert str(file.crs) == "EPSG:32633"
        assert tuple(file.bounds) == (500_320, 4_999_360, 500_960, 5_000_000)


def test_a_set_of_shards_is_searched_and_shows_the_pixels_of_its_shards(
    tmp_path: Path, settings: Settings
) -> None:
    samples = [cached_sample(n) for n in range(2)]
    shard = write_shard(tmp_path / "part_00001.parquet", samples)
    path = tmp_path / "mine.parquet"
    with range_server() as server:
        url = server.put("/images/part_00001.parquet", shard.read_bytes())
        given = {"size": 384, "centre": True, "engine": "here", "settings": settings}
        eex.make_set("shards", path, paths=[url], model=DEMO, **given)
        opened = eex.open_set(path, settings=settings)
        assert (opened.embeddings.header.pixels, len(opened)) == ("majortom", 2)
        found = opened.search(row=1, k=2)
        assert found.results[0].score == pytest.approx(1, abs=1e-3)
        for row, record in enumerate(rows(path).to_pylist()):
            sample = samples[record["parquet_row"]]
            pixels = opened.pixels(row, kind="rgb")
            bands = [decoded(sample[band])[0][342:726, 342:726] for band in pixels.bands]
            np.testing.assert_array_equal(pixels.values, bands)
            a, _, west, _, e, north = pixels.transform
            box = shapely.from_wkt(record["utm_footprint"]).bounds
            assert (west, north + 384 * e, west + 384 * a, north) == pytest.approx(box)


def test_scenes_in_degrees_say_how_large_their_tiles_are(
    tmp_path: Path, settings: Settings
) -> None:
    write_tif(
        tmp_path / "own.tif",
        np.full((3, 64, 64), 900, np.uint16),
        left=10,
        top=50,
        pixel=1e-4,
        crs="EPSG:4326",
    )
    path = tmp_path / "own.parquet"
    given = {"size": 64, "engine": "here", "settings": settings}
    bands = ("B04", "B03", "B02")
    eex.make_set("folder", path, paths=[tmp_path / "own.tif"], bands=bands, model=DEMO, **given)
    opened = eex.open_set(path, settings=settings)
    assert opened.embeddings.header.tile_km == pytest.approx(64e-4 * 111.32, abs=0.01)
    assert opened.embeddings.lonlat[0] == pytest.approx((10.0032, 49.9968))


def test_where_scenes_of_a_folder_overlap_each_gives_what_it_has(
    tmp_path: Path, settings: Settings
) -> None:
    """Two files of one frame and one day, one valid in its left half, the other in its right."""
    dn = np.full((3, 160, 160), 900, np.uint16)
    counts = {}
    for name, empty in (("s1", np.s_[:, :, 112:]), ("s2", np.s_[:, :, :48])):
        own = dn.copy()
        own[empty] = 0
        path = tmp_path / name / f"{name}_20240101.tif"
        write_tif(path, own, left=500_000, top=5_000_000, nodata=0)
        counts[name] = path
    given = {"size": 32, "stride": 32, "engine": "here", "settings": settings, "model": DEMO}
    bands = ("B04", "B03", "B02")
    numbers = {}
    for name, paths in {
        "one": [counts["s1"]],
        "two": [counts["s2"]],
        "both": list(counts.values()),
    }.items():
        for area in (None, (14, 45, 16, 46)):
            output = tmp_path / f"{name}{bool(area)}.parquet"
            eex.make_set("folder", output, paths=paths, bands=bands, area=area, **given)
            numbers[name, bool(area)] = {
                tuple(box) for box in rows(output)["pixel_bbox"].to_pylist()
            }
    for within in (False, True):
        one, two, both = (numbers[name, within] for name in ("one", "two", "both"))
        assert both == one | two
        seen = np.zeros((160, 160), bool)
        for top, left, bottom, right in both:
            seen[top:bottom, left:right] = True
        assert seen.all()
        assert one & two


def test_another_scene_of_the_same_name_is_not_added_to_a_set(
    tmp_path: Path, settings: Settings
) -> None:
    for folder, value in (("d1", 900), ("d2", 1_900)):
        dn = np.full((3, 64, 64), value, np.uint16)
        write_tif(tmp_path / folder / "image.tif", dn, left=500_000, top=5_000_000)
    path = tmp_path / "own.parquet"
    bands = ("B04", "B03", "B02")
    given = {"size": 64, "engine": "here", "settings": settings, "model": DEMO, "bands": bands}
    eex.make_set("folder", path, paths=[tmp_path / "d1" / "image.tif"], **given)
    before = path.read_bytes()
    again = {"paths": [tmp_path / "d2" / "image.tif"], "append": path}
    with pytest.raises(BadQueryError, match="another image"):
        eex.make_set("folder", path, **given, **again)
    assert path.read_bytes() == before
    (tmp_path / "d2" / "image.tif").rename(tmp_path / "d2" / "later.tif")
    again["paths"] = [tmp_path / "d2" / "later.tif"]
    assert eex.make_set("folder", path, **given, **again).rows == (2,)
    opened = eex.open_set(path, settings=settings)
    shown = {opened.pixels(row).values.max() for row in range(2)}
    assert shown == {900, 1_900}
