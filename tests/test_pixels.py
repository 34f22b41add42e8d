"""Pixels of tiles out of remote shards: what is read, what of it, what happens when it fails."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from eex.config import Settings
from eex.errors import (
    BadPictureError,
    BadQueryError,
    DamagedRemoteError,
    OfflineError,
    RefusedAddressError,
    RemoteError,
    SetError,
    ShapeError,
    UnknownNameError,
)
from eex.imagery.chunks import MOST_BYTES, Layout, cell_of_chunk, unpacked_size
from eex.imagery.crop import place_of, window_of
from eex.imagery.majortom import MajorTomReader, attribution_of
from eex.imagery.scene import L2A, RGB
from eex.imagery.shards import number_of
from eex.remote.client import RemoteClient, Timing
from eex.tiles import TileRef
from range_server import Fault, RangeServer, range_server
from shards import (
    CUT,
    NAPOLI,
    NEW,
    OLD,
    RASTERS,
    WHOLE,
    Place,
    Sample,
    cached_sample,
    jpeg,
    numbers,
    sample,
    write_shard,
)

pytest.importorskip("rasterio")
from rasterio import Affine

TIMING = Timing(pause=0.01, longest_pause=0.05)


def settings_of(folder: Path, **more: Any) -> Settings:
    return Settings(cache_dir=folder, threads=1, fetch_hosts=("127.0.0.1",), **more)


def reader_of(folder: Path, **more: Any) -> MajorTomReader:
    settings = settings_of(folder, **more)
    return MajorTomReader(settings, client=RemoteClient(settings, timing=TIMING))


@dataclass
class Shard:
    """A shard on a server."""

    server: RangeServer
    path: str
    url: str
    file: Path
    samples: list[Sample]

    def tile(self, row: int, **more: Any) -> TileRef:
        """Return the tile of a row, as the table of a set would."""
        one = self.samples[row]
        told = {
            "lon": 14.0,
            "lat": 40.0,
            "grid_cell": one["grid_cell"],
            "product_id": one["product_id"],
            "timestamp": one["timestamp"],
            "parquet_url": self.url,
            "parquet_row": row,
            "crs": NAPOLI[1],
            "crop": CUT,
        }
        return TileRef(**(told | more))

    def chunk_bytes(self, row: int, *names: str) -> int:
        """Return how many bytes the chunks of some columns have."""
        group = pq.read_metadata(self.file).row_group(row)
        columns = [group.column(i) for i in range(group.num_columns)]
        return sum(c.total_compressed_size for c in columns if c.path_in_schema in names)


@pytest.fixture(scope="module")
def whole_shard(tmp_path_factory: pytest.TempPathFactory) -> Path:
    samples = [cached_sample(n) for n in range(4)]
    return write_shard(tmp_path_factory.mktemp("shards") / "whole.parquet", samples, footer=60_000)


@pytest.fixture(scope="module")
def cut_shard(tmp_path_factory: pytest.TempPathFactory) -> Path:
    samples = [cached_sample(n, side=CUT) for n in range(4)]
    return write_shard(tmp_path_factory.mktemp("shards") / "cut.parquet", samples)


@pytest.fixture
def server() -> Iterator[RangeServer]:
    with range_server() as running:
        yield running


@pytest.fixture
def whole(server: RangeServer, whole_shard: Path) -> Shard:
    path = "/images/part_00001.parquet"
    url = server.put(path, whole_shard.read_bytes())
    return Shard(server, path, url, whole_shard, [cached_sample(n) for n in range(4)])


@pytest.fixture
def cut(server: RangeServer, cut_shard: Path) -> Shard:
    path = "/249k/part_00001.parquet"
    url = server.put(path, cut_shard.read_bytes())
    return Shard(server, path, url, cut_shard, [cached_sample(n, side=CUT) for n in range(4)])


def repeated(pixels: dict[str, Any], bands: tuple[str, ...]) -> np.ndarray[Any, Any]:
    """Bring bands to 10 m by repeating pixels, written out."""
    out = []
    for band in bands:
        step = WHOLE // pixels[band].shape[0]
        out.append(np.kron(pixels[band], np.ones((step, step), pixels[band].dtype)))
    return np.stack(out)


def sparse_tiff(side: int, dtype: str) -> bytes:
    """Return a GeoTIFF that says it has many pixels and holds none."""
    from rasterio.io import MemoryFile

    options = {"driver": "GTiff", "count": 1, "tiled": True, "SPARSE_OK": True, "crs": NAPOLI[1]}
    with MemoryFile() as file:
        with file.open(width=side, height=side, dtype=dtype, transform=Affine.scale(10), **options):
            pass
        return bytes(file.getbuffer())


class TestWhatIsRead:
    def test_rgb_of_the_whole_is_what_was_stored(self, whole: Shard, tmp_path: Path) -> None:
        found = reader_of(tmp_path).pixels(whole.tile(2), crop="whole")
        assert found.bands == ("B04", "B03", "B02")
        assert found.values.dtype == np.uint16
        np.testing.assert_array_equal(found.values, repeated(numbers(2), RGB))
        assert found.crs == "EPSG:32633"
        assert found.transform == pytest.approx((10, 0, NAPOLI[2], 0, -10, NAPOLI[3] + 20_000))
        assert found.tile.grid_cell == "456U_120R"

    def test_all_bands_come_on_one_grid(self, whole: Shard, tmp_path: Path) -> None:
        found = reader_of(tmp_path).pixels(whole.tile(1), kind="bands", crop="whole")
        assert found.bands == L2A
        np.testing.assert_array_equal(found.values, repeated(numbers(1), L2A))

    def test_bands_come_in_the_order_asked_for(self, whole: Shard, tmp_path: Path) -> None:
        bands = ("cloud_mask", "B12", "B02")
        found = reader_of(tmp_path).pixels(whole.tile(0), kind="bands", bands=bands, crop="whole")
        assert found.bands == bands
        np.testing.assert_array_equal(found.values, repeated(numbers(0), bands))

    def test_coarse_bands_alone_keep_their_own_grid(self, whole: Shard, tmp_path: Path) -> None:
        found = reader_of(tmp_path).pixels(whole.tile(0), kind="bands", bands=["B11"])
        assert found.transform[0] == 20
        np.testing.assert_array_equal(found.values[0], numbers(0)["B11"][171:363, 171:363])
        assert found.transform[2] == pytest.approx(NAPOLI[2] + 3420)

    def test_a_crop_between_coarse_pixels_repeats_them(self, whole: Shard, tmp_path: Path) -> None:
        tile = whole.tile(0, crop=0, pixel_bbox=(7, 211, 231, 435))
        found = reader_of(tmp_path).pixels(tile, kind="bands", bands=["B01"])
        expected = repeated(numbers(0), ("B01",))[:, 7:231, 211:435]
        np.testing.assert_array_equal(found.values, expected)
        assert found.transform[:6] == pytest.approx(
            (10, 0, NAPOLI[2] + 2110, 0, -10, NAPOLI[3] - 70)
        )

    @pytest.mark.parametrize(
        ("crop", "more", "rows", "columns"),
        [
            ("embedded", {}, (342, 726), (342, 726)),
            ("embedded", {"crop": 0, "pixel_bbox": (0, 211, 224, 435)}, (0, 224), (211, 435)),
            ("embedded", {"crop": 384, "pixel_bbox": (0, 0, 384, 384)}, (342, 726), (342, 726)),
            ("embedded", {"crop": 0}, (0, 1068), (0, 1068)),
            ("whole", {}, (0, 1068), (0, 1068)),
            (224, {}, (422, 646), (422, 646)),
        ],
    )
    def test_the_part_that_is_meant(  # noqa: PLR0917
        self,
        whole: Shard,
        tmp_path: Path,
        crop: Any,
        more: dict[str, Any],
        rows: tuple[int, int],
        columns: tuple[int, int],
    ) -> None:
        found = reader_of(tmp_path).pixels(whole.tile(0, **more), crop=crop)
        expected = repeated(numbers(0), RGB)[:, slice(*rows), slice(*columns)]
        np.testing.assert_array_equal(found.values, expected)
        corner = (NAPOLI[2] + 10 * columns[0], NAPOLI[3] - 10 * rows[0])
        assert (found.transform[2], found.transform[5]) == pytest.approx(corner)

    @pytest.mark.parametrize(
        "more",
        [{}, {"crop": 0, "pixel_bbox": (342, 342, 726, 726)}, {"crop": 0}],
        ids=["crop", "box of the whole tile", "nothing"],
    )
    def test_rasters_that_are_cut_already_are_taken_whole(
        self, cut: Shard, whole: Shard, tmp_path: Path, more: dict[str, Any]
    ) -> None:
        reader = reader_of(tmp_path)
        small = reader.pixels(cut.tile(3, **more), kind="bands", bands=(*L2A, "cloud_mask"))
        large = reader.pixels(whole.tile(3), kind="bands", bands=(*L2A, "cloud_mask"))
        assert small.values.shape == (13, CUT, CUT)
        np.testing.assert_array_equal(small.values, large.values)
        assert small.transform == pytest.approx(large.transform)

    def test_a_thumbnail_lies_where_its_bands_do(
        self, cut: Shard, whole: Shard, tmp_path: Path
    ) -> None:
        pytest.importorskip("pyproj")
        reader = reader_of(tmp_path)
        for shard, crop in ((whole, "whole"), (whole, "embedded"), (cut, "embedded")):
            place = {"grid_cell": NAPOLI[0]}
            thumbnail = reader.pixels(shard.tile(0, **place), kind="thumbnail", crop=crop)  # type: ignore[arg-type]
            bands = reader.pixels(shard.tile(0, **place), crop=crop)  # type: ignore[arg-type]
            assert thumbnail.bands == ("red", "green", "blue")
            assert thumbnail.values.shape == bands.values.shape
            assert thumbnail.crs == bands.crs
            assert thumbnail.transform == pytest.approx(bands.transform, abs=1e-3)

    @pytest.mark.parametrize(
        "lacking",
        [
            {"crs": "", "product_id": ""},
            {"crop": 0},
            {"crop": 0, "pixel_bbox": (0, 0, 384, 384)},  # of the whole, or cut before
            {"crs": "EPSG:4326"},
            {"crs": "EPSG:32661"},
        ],
    )
    def test_a_thumbnail_of_an_unknown_place_says_so(
        self, cut: Shard, tmp_path: Path, lacking: dict[str, Any]
    ) -> None:
        tile = replace(cut.tile(0), **lacking)
        found = reader_of(tmp_path).pixels(tile, kind="thumbnail", crop="whole")
        assert found.crs == ""

    def test_a_thumbnail_that_was_cut_lies_where_it_was_cut(self) -> None:
        """Also where it has an odd number of pixels, and where it is no centre."""
        tile = TileRef(lon=0, lat=0, grid_cell=NAPOLI[0], crs=NAPOLI[1])
        for told, corner in (
            ({"crop": 383}, (343, 343)),
            ({"crop": 384}, (342, 342)),
            ({"pixel_bbox": (0, 211, 383, 594)}, (0, 211)),
            ({}, None),
        ):
            transform, crs = place_of(replace(tile, **told), (told.get("crop", 383),) * 2)  # type: ignore[arg-type]
            if corner is None:
                assert not crs
                continue
            left, top = NAPOLI[2] + 10 * corner[1], NAPOLI[3] - 10 * corner[0]
            assert (transform[2], transform[5]) == pytest.approx((left, top), abs=1e-3)
            window = window_of(tile, 383, (WHOLE, WHOLE))
            assert told != {"crop": 383} or window[:2] == corner

    def test_the_year_of_the_credit_is_told_by_the_product_too(self) -> None:
        tile = TileRef(lon=0, lat=0, product_id=OLD)
        assert "Sentinel data 2020;" in attribution_of(tile)
        assert "Sentinel data 2022;" in attribution_of(replace(tile, timestamp="20220101T000000"))
        assert "Sentinel data;" in attribution_of(replace(tile, product_id=""))

    def test_encoders_get_stored_numbers_of_what_was_embedded(
        self, whole: Shard, tmp_path: Path
    ) -> None:
        tiles = [whole.tile(n) for n in (3, 0)]
        scenes = reader_of(tmp_path).encoder_input(tiles, bands=("B08", "B04"))
        for seed, scene in zip((3, 0), scenes, strict=True):
            assert scene.bands == ("B08", "B04")
            expected = repeated(numbers(seed), ("B08", "B04"))[:, 342:726, 342:726]
            np.testing.assert_array_equal(scene.dn, expected)
            assert scene.when is not None
            assert scene.when.year == 2022

    @pytest.mark.parametrize(
        ("asked", "error"),
        [
            ({"kind": "bands", "bands": ["B10"]}, UnknownNameError),
            ({"kind": "bands", "bands": ["B04", "B04"]}, BadQueryError),
            ({"kind": "rgb", "bands": ["B04"]}, BadQueryError),
            ({"kind": "radar"}, BadQueryError),
            ({"crop": 0}, BadQueryError),
            ({"crop": "half"}, BadQueryError),
        ],
    )
    def test_requests_that_make_no_sense_ask_nobody(
        self, whole: Shard, tmp_path: Path, asked: Any, error: type[Exception]
    ) -> None:
        with pytest.raises(error):
            reader_of(tmp_path).pixels(whole.tile(0), **asked)
        assert whole.server.requests == 0

    def test_a_crop_larger_than_the_tile_is_refused(self, cut: Shard, tmp_path: Path) -> None:
        with pytest.raises(ShapeError, match="no square of 1068"):
            reader_of(tmp_path).pixels(cut.tile(0), crop=1068)

    @pytest.mark.parametrize("compression", ["none", "zstd"])
    def test_other_ways_to_store_cells(
        self, server: RangeServer, tmp_path: Path, compression: str
    ) -> None:
        samples = [cached_sample(n, side=CUT) for n in range(2)]
        file = write_shard(
            tmp_path / "s.parquet", samples, when="product_datetime", compression=compression
        )
        shard = Shard(server, "/s", server.put("/s", file.read_bytes()), file, samples)
        found = reader_of(tmp_path / "cache").pixels(shard.tile(1))
        np.testing.assert_array_equal(found.values, repeated(numbers(1), RGB)[:, 342:726, 342:726])


class TestKey:
    """What is shown is the tile's own picture, or nothing."""

    def test_a_wrong_row_is_put_right_by_the_key(self, cut: Shard, tmp_path: Path) -> None:
        tile = replace(cut.tile(2), parquet_row=0)
        found = reader_of(tmp_path).pixels(tile)
        np.testing.assert_array_equal(found.values, repeated(numbers(2), RGB)[:, 342:726, 342:726])

    @pytest.mark.parametrize("row", [0, 3, 4, 400])
    def test_a_tile_that_is_not_there_is_an_error(
        self, cut: Shard, tmp_path: Path, row: int
    ) -> None:
        tile = replace(cut.tile(0), grid_cell="1U_1R", parquet_row=row)
        with pytest.raises(DamagedRemoteError, match="does not hold 1U_1R"):
            reader_of(tmp_path).pixels(tile)

    def test_the_product_alone_is_no_key(self, cut: Shard, tmp_path: Path) -> None:
        """Neighbouring cells share a product."""
        tile = replace(cut.tile(1), parquet_row=0)
        assert cut.samples[0]["product_id"] == tile.product_id
        found = reader_of(tmp_path).pixels(tile, kind="thumbnail")
        other = reader_of(tmp_path).pixels(cut.tile(0), kind="thumbnail")
        assert (found.values != other.values).any()

    def test_the_cell_alone_is_no_key(self, server: RangeServer, tmp_path: Path) -> None:
        samples = [cached_sample(0, side=CUT), cached_sample(0, side=CUT, old=True)]
        file = write_shard(tmp_path / "s.parquet", samples)
        shard = Shard(server, "/s", server.put("/s", file.read_bytes()), file, samples)
        tile = replace(shard.tile(1), parquet_row=0)
        found = reader_of(tmp_path / "cache").pixels(tile)
        np.testing.assert_array_equal(
            found.values, repeated(numbers(0, offset=0), RGB)[:, 342:726, 342:726]
        )

    def test_a_cell_without_a_product_is_taken_at_its_row_only(
        self, cut: Shard, tmp_path: Path
    ) -> None:
        reader = reader_of(tmp_path)
        tile = replace(cut.tile(2), product_id="")
        np.testing.assert_array_equal(
            reader.pixels(tile).values, repeated(numbers(2), RGB)[:, 342:726, 342:726]
        )
        with pytest.raises(DamagedRemoteError, match="of any product"):
            reader.pixels(replace(tile, parquet_row=1))

    def test_without_statistics_the_columns_tell(self, server: RangeServer, tmp_path: Path) -> None:
        samples = [cached_sample(n, side=CUT) for n in range(3)]
        file = write_shard(tmp_path / "s.parquet", samples, statistics=False)
        shard = Shard(server, "/s", server.put("/s", file.read_bytes()), file, samples)
        reader = reader_of(tmp_path / "cache")
        found = reader.pixels(shard.tile(1))
        np.testing.assert_array_equal(found.values, repeated(numbers(1), RGB)[:, 342:726, 342:726])
        with pytest.raises(DamagedRemoteError, match="does not hold"):
            reader.pixels(replace(shard.tile(1), parquet_row=0))

    def test_a_shard_is_looked_through_once_however_many_rows_it_has(
        self, cut: Shard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Looking for a key takes as long as there are rows, not as their square."""
        footer = reader_of(tmp_path).shards.footer(cut.url)
        looked: list[int] = []

        class Watched(set[int]):
            def __contains__(self, group: object) -> bool:
                looked.append(1)
                return super().__contains__(group)

        monkeypatch.setattr(footer, "_sound", Watched())
        with pytest.raises(DamagedRemoteError, match="does not hold"):
            number_of(footer, replace(cut.tile(0), grid_cell="1U_1R"))
        assert len(looked) <= 2 * len(cut.samples)

    @pytest.mark.parametrize(
        "lacking", [{"parquet_url": ""}, {"parquet_row": -1}, {"grid_cell": ""}]
    )
    def test_rows_that_do_not_say_where_their_pixels_are(
        self, cut: Shard, tmp_path: Path, lacking: dict[str, Any]
    ) -> None:
        with pytest.raises(SetError) as refused:
            reader_of(tmp_path).pixels(replace(cut.tile(0), **lacking))
        assert refused.value.hint


class TestRequests:
    def test_one_request_a_tile_and_hardly_more_than_its_bytes(
        self, whole: Shard, tmp_path: Path
    ) -> None:
        reader = reader_of(tmp_path)
        reader.pixels(whole.tile(0), kind="thumbnail")
        assert whole.server.requests == 2  # the footer, the cell
        for kind, names in (("thumbnail", ("thumbnail",)), ("rgb", RGB)):
            whole.server.reset_counts()
            reader.pixels(whole.tile(1), kind=kind)  # type: ignore[arg-type]
            assert whole.server.requests == 1
            assert whole.server.body_bytes <= 1.05 * whole.chunk_bytes(1, *names)

    def test_footers_are_read_once_also_by_the_next_process(
        self, whole: Shard, tmp_path: Path
    ) -> None:
        reader_of(tmp_path).pixels(whole.tile(0), kind="thumbnail")
        whole.server.reset_counts()
        reader_of(tmp_path).pixels(whole.tile(1), kind="thumbnail")
        assert whole.server.requests == 1

    def test_five_tiles_of_a_shard_ask_for_its_footer_once(
        self, cut: Shard, tmp_path: Path
    ) -> None:
        tiles = [cut.tile(n) for n in (3, 1, 0, 2)]
        found = list(reader_of(tmp_path).pixels_of(tiles, kind="thumbnail"))
        assert [one.tile for one in found] == tiles
        assert cut.server.requests == 5

    def test_tiles_are_read_side_by_side_and_come_in_order(
        self, cut: Shard, tmp_path: Path
    ) -> None:
        """The first is held back until the others have been asked for."""
        reader = reader_of(tmp_path)
        reader.shards.footer(cut.url)
        others, cells = threading.Barrier(4, timeout=20), reader.shards.cells

        def waiting(tile: TileRef, columns: Any) -> dict[str, bytes]:
            others.wait()
            return cells(tile, columns)

        reader.shards.cells = waiting  # type: ignore[method-assign]
        found = reader.pixels_of([cut.tile(n) for n in range(4)], kind="thumbnail")
        assert [one.tile.parquet_row for one in found] == [0, 1, 2, 3]

    def test_who_stops_early_leaves_the_rest_unread(self, cut: Shard, tmp_path: Path) -> None:
        reader = reader_of(tmp_path)
        found = reader.pixels_of([cut.tile(n % 4) for n in range(400)], kind="thumbnail")
        next(found)
        found.close()  # type: ignore[attr-defined]
        assert cut.server.requests < 50

    def test_what_was_fetched_is_kept(self, cut: Shard, tmp_path: Path) -> None:
        first = reader_of(tmp_path).pixels(cut.tile(0))
        cut.server.reset_counts()
        again = reader_of(tmp_path).pixels(cut.tile(0))
        assert cut.server.requests == 0
        np.testing.assert_array_equal(first.values, again.values)
        more = reader_of(tmp_path).pixels(cut.tile(0), kind="bands", bands=["B03", "B08"])
        assert cut.server.body_bytes <= 1.05 * cut.chunk_bytes(0, "B08")
        assert more.bands == ("B03", "B08")

    def test_what_is_kept_is_bounded(self, cut: Shard, tmp_path: Path) -> None:
        limit = 2_000_000
        reader = reader_of(tmp_path, pixel_cache=limit)
        for row in range(4):
            reader.pixels(cut.tile(row), kind="bands")
        kept = sum(f.stat().st_size for f in (tmp_path / "pixels").rglob("*") if f.is_file())
        assert 0 < kept <= limit * 1.1

    def test_offline_shows_what_is_kept_and_else_says_why(self, cut: Shard, tmp_path: Path) -> None:
        first = reader_of(tmp_path).pixels(cut.tile(0))
        cut.server.reset_counts()
        offline = reader_of(tmp_path, offline=True)
        np.testing.assert_array_equal(offline.pixels(cut.tile(0)).values, first.values)
        with pytest.raises(OfflineError) as refused:
            offline.pixels(cut.tile(1))
        assert "HF_HUB_OFFLINE" in refused.value.hint
        assert cut.server.requests == 0


class TestFaults:
    @pytest.mark.parametrize(
        "fault",
        [
            Fault("status", code=429),
            Fault("status", code=500),
            Fault("status", code=503),
            Fault("truncated", at=1_000),
            Fault("reset"),
        ],
        ids=lambda fault: f"{fault.kind}{fault.code or ''}",
    )
    def test_faults_that_pass_are_overcome(self, cut: Shard, tmp_path: Path, fault: Fault) -> None:
        reader = reader_of(tmp_path)
        reader.shards.footer(cut.url)
        cut.server.fail(cut.path, fault, times=2)
        found = reader.pixels(cut.tile(1))
        np.testing.assert_array_equal(found.values, repeated(numbers(1), RGB)[:, 342:726, 342:726])
        assert cut.server.requests >= 3

    @pytest.mark.parametrize("kind", ["whole", "page", "wrong_range", "no_range"])
    def test_answers_that_are_not_the_bytes_are_never_shown(
        self, cut: Shard, tmp_path: Path, kind: str
    ) -> None:
        reader = reader_of(tmp_path)
        reader.shards.footer(cut.url)
        cut.server.fail(cut.path, Fault(kind), times=None)
        with pytest.raises(RemoteError) as refused:
            reader.pixels(cut.tile(1))
        assert refused.value.hint

    def test_redirects_are_followed(self, cut: Shard, tmp_path: Path) -> None:
        cut.server.fail("/hub/s", Fault("redirect", code=302, location=cut.path), times=None)
        url = cut.url.removesuffix(cut.path) + "/hub/s"
        found = reader_of(tmp_path).pixels(replace(cut.tile(2), parquet_url=url))
        np.testing.assert_array_equal(found.values, repeated(numbers(2), RGB)[:, 342:726, 342:726])

    def test_a_shard_that_changed_is_read_anew(self, cut: Shard, tmp_path: Path) -> None:
        reader = reader_of(tmp_path)
        reader.pixels(cut.tile(0), kind="thumbnail")
        samples = cut.samples[::-1]
        other = write_shard(tmp_path / "other.parquet", samples, compression="none")
        cut.server.put(cut.path, other.read_bytes())
        found = reader.pixels(cut.tile(1))  # by its key, in another row now
        np.testing.assert_array_equal(found.values, repeated(numbers(1), RGB)[:, 342:726, 342:726])

    def test_addresses_inside_a_network_are_refused(self, cut: Shard, tmp_path: Path) -> None:
        settings = Settings(cache_dir=tmp_path, threads=1)  # nothing is allowed here
        reader = MajorTomReader(settings)
        for url in (cut.url, "file:///etc/passwd", "http://169.254.169.254/latest"):
            with pytest.raises(RefusedAddressError):
                reader.pixels(replace(cut.tile(0), parquet_url=url))
        assert cut.server.requests == 0


class TestCells:
    """What is in a shard is not trusted either."""

    def shard(self, server: RangeServer, folder: Path, **cells: Any) -> Shard:
        samples = [{**cached_sample(0, side=CUT), **cells}]
        file = write_shard(folder / "s.parquet", samples)
        return Shard(server, "/s", server.put("/s", file.read_bytes()), file, samples)

    @pytest.mark.parametrize(
        ("cell", "match"),
        [
            (b"", "is empty"),
            (None, "is empty"),
            (b"<VRTDataset rasterXSize='1' rasterYSize='1'></VRTDataset>", "GeoTIFF"),
            (b"\x89PNG\r\n\x1a\n", "GeoTIFF"),
            (b"II*\0" + bytes(40), "GeoTIFF"),
        ],
    )
    def test_bands_that_are_no_geotiff(
        self, server: RangeServer, tmp_path: Path, cell: Any, match: str
    ) -> None:
        shard = self.shard(server, tmp_path, B03=cell)
        with pytest.raises(BadPictureError, match=match):
            reader_of(tmp_path / "cache").pixels(shard.tile(0))

    @pytest.mark.parametrize(
        "cell",
        [
            b"GIF89a" + bytes(20),
            b"\xff\xd8\xff" + bytes(20),
            jpeg(np.zeros((64, 64, 3), np.uint8))[:300],
        ],
    )
    def test_thumbnails_that_are_no_picture(
        self, server: RangeServer, tmp_path: Path, cell: bytes
    ) -> None:
        shard = self.shard(server, tmp_path, thumbnail=cell)
        with pytest.raises(BadPictureError):
            reader_of(tmp_path / "cache").pixels(shard.tile(0), kind="thumbnail")

    def test_a_shard_without_thumbnails_is_shown_by_its_bands(
        self, server: RangeServer, tmp_path: Path
    ) -> None:
        samples = [{k: v for k, v in cached_sample(0, side=CUT).items() if k != "thumbnail"}]
        file = write_shard(tmp_path / "s.parquet", samples)
        shard = Shard(server, "/s", server.put("/s", file.read_bytes()), file, samples)
        picture = reader_of(tmp_path / "cache").picture(shard.tile(0), size=96)
        assert picture.shape == (96, 96, 3)
        assert picture.std() > 5

    def test_a_band_that_a_shard_lacks_is_named(self, server: RangeServer, tmp_path: Path) -> None:
        samples = [{k: v for k, v in cached_sample(0, side=CUT).items() if k != "B8A"}]
        file = write_shard(tmp_path / "s.parquet", samples)
        shard = Shard(server, "/s", server.put("/s", file.read_bytes()), file, samples)
        with pytest.raises(ShapeError, match="has no B8A"):
            reader_of(tmp_path / "cache").pixels(shard.tile(0), kind="bands")

    def test_a_few_bytes_that_say_they_are_many_pixels_are_not_read(
        self, server: RangeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def never(*_: object, **__: object) -> None:
            message = "pixels were read"
            raise AssertionError(message)

        monkeypatch.setattr("eex.imagery.sentinel2.read_raster", never)
        large, long = sparse_tiff(4001, "uint16"), sparse_tiff(CUT, "float64")
        assert len(large) < 10_000
        shard = self.shard(server, tmp_path, B02=large)
        with pytest.raises(BadPictureError, match="over 48 million"):
            reader_of(tmp_path / "cache").pixels(shard.tile(0))
        shard = self.shard(server, tmp_path, B02=long)
        with pytest.raises(ShapeError, match="float64, not digital numbers"):
            reader_of(tmp_path / "other").pixels(shard.tile(0))

    def test_a_thumbnail_of_many_passes_is_not_decoded(
        self, server: RangeServer, tmp_path: Path
    ) -> None:
        """Each takes a hundred bytes, and as long as a picture."""
        out = io.BytesIO()
        picture = Image.fromarray(np.zeros((CUT, CUT), np.uint8))
        picture.save(out, "JPEG", progressive=True)
        usual, start = out.getvalue(), out.getvalue().rindex(b"\xff\xda")
        shard = self.shard(server, tmp_path, thumbnail=usual)
        found = reader_of(tmp_path / "cache").pixels(shard.tile(0), kind="thumbnail")
        assert found.values.shape == (3, CUT, CUT)
        bomb = usual[:-2] + 40 * usual[start:-2] + usual[-2:]
        shard = self.shard(server, tmp_path, thumbnail=bomb)
        with pytest.raises(BadPictureError, match="over its pixels"):
            reader_of(tmp_path / "other").pixels(shard.tile(0), kind="thumbnail")

    def test_bombs_are_not_unpacked(self, tmp_path: Path) -> None:
        bomb = write_shard(
            tmp_path / "s.parquet",
            [{**cached_sample(0, side=CUT), "B03": bytes(MOST_BYTES + 1)}],
            compression="zstd",
        )
        group = pq.read_metadata(bomb).row_group(0)
        column = next(c for c in map(group.column, range(17)) if c.path_in_schema == "B03")
        start = column.dictionary_page_offset
        chunk = bomb.read_bytes()[start : start + column.total_compressed_size]
        assert len(chunk) < 100_000
        assert unpacked_size(chunk) > MOST_BYTES
        with pytest.raises(BadPictureError, match="over 64 MiB"):
            cell_of_chunk(chunk, Layout("ZSTD", optional=True))

    def test_bytes_that_are_no_chunk_are_refused(self) -> None:
        rng = np.random.default_rng(0)
        for _ in range(200):
            with pytest.raises(BadPictureError):
                cell_of_chunk(rng.bytes(rng.integers(1, 99)), Layout("SNAPPY", optional=True))

    @pytest.mark.parametrize("name", ["thumbnail", *RASTERS])
    def test_a_chunk_alone_gives_its_cell(self, cut_shard: Path, name: str) -> None:
        group = pq.read_metadata(cut_shard).row_group(2)
        column = next(c for c in map(group.column, range(17)) if c.path_in_schema == name)
        start = column.dictionary_page_offset
        chunk = cut_shard.read_bytes()[start : start + column.total_compressed_size]
        cell = cell_of_chunk(chunk, Layout(column.compression, optional=True))
        assert cell == cached_sample(2, side=CUT)[name]


class TestBaselines:
    def two(self, server: RangeServer, folder: Path) -> Shard:
        """One land, seen by a product of an old baseline and by one of a new."""
        land = numbers(5, offset=0)
        raised = {b: v if b == "cloud_mask" else v + np.uint16(1000) for b, v in land.items()}
        samples = [
            sample(Place(product_id=OLD), pixels=land, side=CUT),
            sample(Place(product_id=NEW), pixels=raised, side=CUT),
        ]
        file = write_shard(folder / "s.parquet", samples)
        return Shard(server, "/s", server.put("/s", file.read_bytes()), file, samples)

    def test_old_and_new_are_shown_alike_and_stored_as_they_are(
        self, server: RangeServer, tmp_path: Path
    ) -> None:
        shard = self.two(server, tmp_path)
        reader = reader_of(tmp_path / "cache")
        old, new = (reader.pixels(shard.tile(n)) for n in (0, 1))
        np.testing.assert_array_equal(new.values, old.values + 1000)
        np.testing.assert_array_equal(new.picture(), old.picture())
        scenes = reader.encoder_input([shard.tile(0), shard.tile(1)])
        np.testing.assert_array_equal(scenes[1].dn, scenes[0].dn + 1000)

    def test_thumbnails_are_shown_alike(self, server: RangeServer, tmp_path: Path) -> None:
        shard = self.two(server, tmp_path)
        reader = reader_of(tmp_path / "cache")
        old, new = (reader.pixels(shard.tile(n), kind="thumbnail") for n in (0, 1))
        stored = np.abs(new.values.astype(int) - old.values).mean()
        shown = np.abs(new.picture().astype(int) - old.picture()).mean()
        assert stored > 25
        assert shown < 3

    def test_a_picture_has_the_size_that_is_asked_for(
        self, server: RangeServer, tmp_path: Path
    ) -> None:
        shard = self.two(server, tmp_path)
        picture = reader_of(tmp_path / "cache").picture(shard.tile(1), size=192)
        assert picture.shape == (192, 192, 3)
        assert picture.dtype == np.uint8
