"""COGs far away: the same tiles as here, few requests, nothing but what is needed, clear errors."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

rasterio = pytest.importorskip("rasterio")

from eex.build.items import Item, TileBatch, Tiling, Want  # noqa: E402
from eex.build.layout import layout_opener  # noqa: E402
from eex.build.reading import read_item  # noqa: E402
from eex.build.tiling import plan_items  # noqa: E402
from eex.config import Settings  # noqa: E402
from eex.errors import (  # noqa: E402
    AbsentError,
    BadPictureError,
    ChangedError,
    OfflineError,
    RefusedAddressError,
)
from eex.imagery.cog import Files, read_together, spans_of  # noqa: E402
from eex.imagery.ranged import HEAD, RangedFile, address_of, client_of  # noqa: E402
from eex.sources.refs import Asset, SceneRef  # noqa: E402
from range_server import Fault, RangeServer, range_server  # noqa: E402
from scenes import RGB, make_scene, numbers  # noqa: E402

SIDE = 640
TILING = Tiling(size=64, stride=32)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(cache_dir=tmp_path / "cache", threads=1, fetch_hosts=("127.0.0.1",))


@pytest.fixture
def near(tmp_path: Path) -> SceneRef:
    bands = {band: numbers(SIDE, SIDE, seed=i) for i, band in enumerate(RGB.bands)}
    bands["B11"] = numbers(SIDE // 2, SIDE // 2, seed=9)
    return make_scene(tmp_path, bands, left=500_000.0, top=5_000_000.0)


def put(server: RangeServer, ref: SceneRef) -> SceneRef:
    """Serve a scene's files; return its reference to them."""
    assets = {
        band: Asset(href=server.put(f"/{band}.tif", Path(asset.href).read_bytes()))
        for band, asset in ref.bands.items()
    }
    return replace(ref, bands=assets)


def read(ref: SceneRef, settings: Settings, want: Want = RGB) -> list[TileBatch]:
    items = plan_items([ref], TILING, open_layout=layout_opener(settings))
    return [b for item in items for b in read_item(item, TILING, [want], settings=settings)]


def test_far_away_it_is_the_same(near: SceneRef, settings: Settings) -> None:
    every = Want(bands=("B11", "B04"))
    with range_server() as server:
        far = put(server, near)
        for want in (RGB, every):
            here, there = read(near, settings, want), read(far, settings, want)
            assert len(here) == len(there) > 3
            for one, other in zip(here, there, strict=True):
                assert one.tiles.equals(other.tiles)
                np.testing.assert_array_equal(one.pixels[want], other.pixels[want])
        assert {asked.path for asked in server.asked} == {f"/{band}.tif" for band in far.bands}


def test_one_tile_takes_few_requests_and_bytes(near: SceneRef, settings: Settings) -> None:
    with range_server() as server:
        far = layout_opener(settings)(put(server, near))
        item = Item(ref=far, windows=((130, 70, 1),), tiles=1)
        server.reset_counts()
        (batch,) = read_item(item, TILING, [RGB], settings=settings)
        assert len(batch.tiles) == 1
        # of each band its beginning, and then the blocks
        assert server.requests <= 3 * 2
        whole = sum(Path(near.bands[band].href).stat().st_size for band in RGB.bands)
        assert server.body_bytes < whole / 2


def test_blocks_are_fetched_before_they_are_decoded(near: SceneRef, settings: Settings) -> None:
    with range_server() as server:
        far = put(server, near)
        with Files(settings) as files:
            band = files.band(far.bands["B04"].href, 1)
            window = ((100, 300), (50, 600))
            wait = files.ahead([band], window)
            wait()
            server.reset_counts()
            found = read_together([band], window)
            assert server.requests == 0
            with rasterio.open(near.bands["B04"].href) as file:
                np.testing.assert_array_equal(found, file.read([1], window=window))
            assert len(spans_of([band], window)) == 4 * 10  # blocks of 64 pixels
            outside = ((500, 600), (50, 600))
            np.testing.assert_array_equal(
                read_together([band], outside)[0],
                rasterio.open(near.bands["B04"].href).read(1, window=outside),
            )
            assert server.requests > 0


def test_faults_pass_or_are_told(near: SceneRef, settings: Settings) -> None:
    with range_server() as server:
        far = put(server, near)
        server.fail("/B03.tif", Fault("status", code=503), times=1)
        server.fail("/B04.tif", Fault("truncated", at=1000), times=1)
        assert len(read(far, settings)) == len(read(near, settings))
        server.fail("/B02.tif", Fault("status", code=404), times=None)
        with pytest.raises(AbsentError):
            read(far, settings)
        server.heal()
        server.put("/B03.tif", b"no GeoTIFF at all" * 9)
        with pytest.raises(BadPictureError, match=r"B03 of .* is not a GeoTIFF"):
            read(far, settings)
        server.put("/B03.tif", Path(near.bands["B03"].href).read_bytes()[:HEAD])
        with pytest.raises(BadPictureError, match="B03"):
            read(far, settings)


def test_a_file_that_changes_is_told(near: SceneRef, settings: Settings) -> None:
    with range_server() as server:
        far = put(server, near)
        with Files(settings) as files:
            band = files.band(far.bands["B04"].href, 1)
            server.put("/B04.tif", Path(near.bands["B03"].href).read_bytes())
            with pytest.raises(ChangedError):
                read_together([band], ((500, 600), (0, 100)))


def test_addresses_are_vetted_and_nothing_is_asked_offline(
    near: SceneRef, settings: Settings
) -> None:
    with range_server() as server:
        far = put(server, near)
        with pytest.raises(RefusedAddressError):
            read(far, replace(settings, fetch_hosts=()))
        with pytest.raises(OfflineError):
            read(far, replace(settings, offline=True))
        assert server.requests == 0


@pytest.mark.parametrize(
    ("href", "address"),
    [
        ("https://a.org/B04.tif", "https://a.org/B04.tif"),
        ("/data/B04.tif", ""),
        ("B04.tif", ""),
        (r"C:\data\B04.tif", ""),
        ("s3://sentinel-cogs/54/S/B04.tif", "https://sentinel-cogs.s3.amazonaws.com/54/S/B04.tif"),
        (
            "s3://us-west-2.opendata.source.coop/a/b c.tif",
            "https://s3.us-west-2.amazonaws.com/us-west-2.opendata.source.coop/a/b%20c.tif",
        ),
        ("gs://bucket/a.tif", "https://storage.googleapis.com/bucket/a.tif"),
        ("file:///etc/passwd", ""),
    ],
)
def test_public_buckets_are_read_over_https(href: str, address: str) -> None:
    assert address_of(href) == address


def test_a_ranged_file_reads_like_any_other(tmp_path: Path, settings: Settings) -> None:
    content = np.random.default_rng(0).bytes(300_000)
    (tmp_path / "plain").write_bytes(content)
    with range_server() as server:
        url = server.put("/a.tif", content)
        rng = np.random.default_rng(1)
        with RangedFile(url, client_of(settings)) as far, (tmp_path / "plain").open("rb") as plain:
            far.hold(far.fetch([(70_000, 90_000), (90_000, 95_000), (299_000, 400_000)]))
            for _ in range(200):
                at, count = int(rng.integers(0, 310_000)), int(rng.integers(0, 40_000))
                assert far.seek(at) == plain.seek(at)
                assert far.read(count) == plain.read(count)
            assert far.seek(-10, 2) == plain.seek(-10, 2)
            assert far.read() == plain.read()
            assert far.seek(-3, 1) == far.tell() == far.size - 3
