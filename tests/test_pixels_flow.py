"""From a set to pixels: search, Python, command line, server, and the side index that travels."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image

from eex import open_set
from eex.cli import main
from eex.config import Settings
from eex.embeddings import EmbeddingSet
from eex.errors import BadQueryError, DamagedSetError, NoPixelsError, OutputError
from eex.imagery.majortom import MajorTomReader
from eex.imagery.offsets import SetOffsets, offsets_beside
from eex.imagery.offsets_make import make_offsets, write_offsets
from eex.imagery.pixels import TilePixels
from eex.imagery.scene import RGB
from eex.imagery.tone import true_colour
from eex.search.run import OpenSet
from eex.server.app import create_app
from eex.tiles import TileRef
from range_server import Fault, Link, RangeServer, range_server
from shards import CUT, NAPOLI, NEW, OLD, cached_sample, numbers, write_set, write_shard
from test_heatmap import COLOURS, ColourLoader
from toy_sets import toy_set

rasterio = pytest.importorskip("rasterio")

CENTRE = slice(342, 726)


@dataclass
class World:
    """A set in a folder, and the server that has its pixels."""

    server: RangeServer
    folder: Path
    path: Path
    settings: Settings
    shards: dict[str, bytes] = field(repr=False)

    def open(self, **more: Any) -> OpenSet:
        return open_set(self.path, settings=self.settings, **more)


@pytest.fixture(scope="module")
def contents(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """Two shards of two tiles."""
    folder = tmp_path_factory.mktemp("contents")
    found = []
    for first in (0, 2):
        samples = [cached_sample(n, side=CUT) for n in (first, first + 1)]
        file = write_shard(folder / f"{first}.parquet", samples, footer=200_000)
        found.append(file.read_bytes())
    return found


@pytest.fixture
def made(tmp_path: Path, contents: list[bytes]) -> Iterator[World]:
    yield from _made(tmp_path, contents, None)


@pytest.fixture
def far(tmp_path: Path, contents: list[bytes]) -> Iterator[World]:
    """Behind a link with a round trip of 5 ms."""
    yield from _made(tmp_path, contents, Link(rtt=0.005))


def _made(folder: Path, contents: list[bytes], link: Link | None) -> Iterator[World]:
    with range_server(link) as server:
        shards = {f"/images/part_{n:05}.parquet": raw for n, raw in enumerate(contents, 1)}
        urls = [server.put(path, raw) for path, raw in shards.items()]
        tiles = [(cached_sample(n, side=CUT), urls[n // 2], n % 2) for n in range(4)]
        path = write_set(folder / "toys.parquet", tiles, pixels="majortom")
        settings = Settings(cache_dir=folder / "cache", threads=1, fetch_hosts=("127.0.0.1",))
        yield World(server, folder, path, settings, shards)


def stored(seed: int, bands: tuple[str, ...] = RGB) -> Any:
    pixels = numbers(seed)
    return np.stack([pixels[band][CENTRE, CENTRE] for band in bands])


class TestPython:
    def test_from_a_search_to_pixels(self, far: World) -> None:
        opened = far.open()
        found = opened.search(row=2, k=3, spread_km=0)
        rows = [result.row for result in found.results]
        assert rows[0] == 2
        assert len(rows) == 3
        for row, pixels in zip(rows, opened.pixels(rows), strict=True):
            assert isinstance(pixels, TilePixels)
            assert pixels.tile.grid_cell == f"{454 + row}U_120R"
            np.testing.assert_array_equal(pixels.values, stored(row))
        picture = opened.picture(rows[0], size=64)
        assert picture.shape == (64, 64, 3)

    @pytest.mark.parametrize(
        "fault",
        [
            Fault("status", code=429, headers={"Retry-After": "0"}),
            Fault("status", code=500),
            Fault("truncated", at=500),
        ],
        ids=lambda fault: f"{fault.kind}{fault.code or ''}",
    )
    def test_through_faults_from_the_first_byte_on(self, made: World, fault: Fault) -> None:
        made.server.fail("*", fault, times=1)
        np.testing.assert_array_equal(made.open().pixels(1).values, stored(1))

    def test_threads_that_come_at_once_share_a_reader(
        self, made: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        both, make = threading.Barrier(4, timeout=20), MajorTomReader.__init__
        made_here: list[object] = []

        def slowly(self: MajorTomReader, settings: Settings) -> None:
            made_here.append(self)
            time.sleep(0.05)
            make(self, settings)

        monkeypatch.setattr(MajorTomReader, "__init__", slowly)
        opened = made.open()

        def look() -> object:
            both.wait()
            return opened.reader

        with ThreadPoolExecutor(4) as pool:
            found = list(pool.map(lambda _: look(), range(4)))
        assert made_here == found[:1]
        assert set(found) == {found[0]}

    def test_one_row_or_several(self, made: World) -> None:
        opened = made.open()
        one = opened.pixels(np.int64(3), kind="bands", bands=["B08", "B04"])
        assert one.bands == ("B08", "B04")
        several = list(opened.pixels([3, 0], kind="thumbnail"))
        assert [p.tile.grid_cell for p in several] == ["457U_120R", "454U_120R"]

    def test_a_set_without_addresses_says_so(self, tmp_path: Path) -> None:
        path = write_set(tmp_path / "bare.parquet", [(cached_sample(0, side=CUT), "", -1)])
        opened = open_set(path, settings=Settings(cache_dir=tmp_path / "c", threads=1))
        with pytest.raises(NoPixelsError) as refused:
            opened.pixels(0)
        assert "parquet_url" in refused.value.hint

    def test_columns_of_other_types_are_as_if_they_were_not_there(self, made: World) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        table = pq.read_table(made.path)
        for name, values, told in (
            ("parquet_row", ["abc"] * 4, None),
            ("parquet_row", ["0", "1", "0", "1"], 1),
            ("parquet_row", [0.0, 1.0, 0.0, 1.0], 1),
            ("parquet_row", [-7] * 4, None),
            ("pixel_bbox", [[None, 0, 384, 384]] * 4, 1),
            ("pixel_bbox", [["a", "b", "c", "d"]] * 4, 1),
            ("pixel_bbox", [5] * 4, 1),
        ):
            changed = table.set_column(table.column_names.index(name), name, pa.array(values))
            path = made.folder / "odd.parquet"
            pq.write_table(changed, path)
            opened = open_set(path, settings=made.settings)
            if told is None:
                with pytest.raises(NoPixelsError):
                    opened.pixels(1)
            else:
                np.testing.assert_array_equal(opened.pixels(1).values, stored(told))

    def test_a_heatmap_of_a_tile_far_away_lies_where_it_does(
        self, made: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        tiles = [(cached_sample(0, side=CUT), made.server.address + next(iter(made.shards)), 0)]
        path = write_set(made.folder / "colours.parquet", tiles, dim=3, model="colours")
        embeddings = open_set(path, settings=made.settings).embeddings
        toys, _ = toy_set(monkeypatch, COLOURS)
        toys.pool._load = ColourLoader()
        opened = OpenSet("colours", embeddings, made.settings, pool=toys.pool)
        found = opened.heatmap("red", 0)
        assert found.crs == "EPSG:32633"
        assert found.transform is not None
        assert (found.transform[2], found.transform[5]) == pytest.approx(
            (NAPOLI[2] + 3420, NAPOLI[3] - 3420)
        )
        np.testing.assert_array_equal(found.picture, true_colour(stored(0) - np.uint16(1000)))


class TestFiles:
    @pytest.fixture
    def pixels(self, made: World) -> TilePixels:
        return made.open().pixels(1)

    def test_a_geotiff_has_numbers_place_names_and_credit(
        self, pixels: TilePixels, tmp_path: Path
    ) -> None:
        (written,) = pixels.save(tmp_path / "x.tif")
        with rasterio.open(written) as file:
            np.testing.assert_array_equal(file.read(), stored(1))
            assert file.dtypes == ("uint16",) * 3
            assert file.crs.to_epsg() == 32633
            assert tuple(file.transform)[:6] == pytest.approx(pixels.transform)
            assert file.descriptions == ("B04", "B03", "B02")
            assert file.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
            told = file.tags()
        assert "CC-BY-SA-4.0" in told["TIFFTAG_COPYRIGHT"]
        assert "modified Copernicus Sentinel data 2022" in told["TIFFTAG_COPYRIGHT"]
        assert told["PRODUCT"] == NEW
        assert told["UNITS"] == "1/10000 surface reflectance, plus 1000"

    @pytest.mark.parametrize(("name", "world"), [("x.png", "x.pgw"), ("x.jpg", "x.jgw")])
    def test_a_picture_has_a_world_file_and_credit(
        self, pixels: TilePixels, tmp_path: Path, name: str, world: str
    ) -> None:
        written = pixels.save(tmp_path / name)
        assert [path.name for path in written] == [name, world, f"{name}.aux.xml"]
        lines = [float(line) for line in written[1].read_text().split()]
        assert lines[:4] == [10, 0, 0, -10]
        assert lines[4:] == pytest.approx([pixels.transform[2] + 5, pixels.transform[5] - 5])
        with rasterio.open(written[0]) as file:
            assert file.crs.to_epsg() == 32633
            assert tuple(file.transform)[:6] == pytest.approx(pixels.transform)
        with Image.open(written[0]) as file:
            assert file.size == (CUT, CUT)
            told = str(file.text) if name.endswith("png") else str(dict(file.getexif()))  # type: ignore[attr-defined]
        assert "CC-BY-SA-4.0" in told
        assert "Copernicus Sentinel data 2022" in told

    def test_pixels_that_lie_elsewhere_than_their_tile_are_told(self, pixels: TilePixels) -> None:
        assert pixels.notices == ()
        a, b, c, d, e, f = pixels.transform
        for off, words in ((8_000.0, ""), (60_000.0, r"lie \d+ km from the tile's centre")):
            moved = replace(pixels, transform=(a, b, c + off + CUT * 10, d, e, f))
            assert bool(moved.notices) is bool(words)
            assert all(re.search(words, notice) for notice in moved.notices)
        (far,) = replace(pixels, tile=replace(pixels.tile, lon=-100.0, lat=-40.0)).notices
        assert "-40.0000, -100.0000" in far

    def test_bands_become_a_picture_where_it_is_clear_which(self, made: World) -> None:
        opened = made.open()
        infrared = opened.pixels(0, kind="bands", bands=["B08", "B04", "B03"]).picture()
        grey = opened.pixels(0, kind="bands", bands=["B08"]).picture()
        np.testing.assert_array_equal(infrared[:, :, 0], grey[:, :, 1])
        every = opened.pixels(0, kind="bands").picture()
        np.testing.assert_array_equal(every, opened.pixels(0).picture())
        for bands in (["B08", "B11"], ["cloud_mask"]):
            with pytest.raises(ValueError, match="which of these"):
                opened.pixels(0, kind="bands", bands=bands).picture()

    def test_the_cloud_mask_keeps_its_zeros(self, made: World, tmp_path: Path) -> None:
        found = made.open().pixels(0, kind="bands", bands=["cloud_mask"])
        (written,) = found.save(tmp_path / "mask.tif")
        with rasterio.open(written) as file:
            assert file.nodata is None

    def test_what_cannot_be_written_is_refused(self, pixels: TilePixels, tmp_path: Path) -> None:
        with pytest.raises(BadQueryError, match=r"cannot be written as '\.gif'"):
            pixels.save(tmp_path / "x.gif")
        with pytest.raises(OutputError):
            pixels.save(tmp_path / "none" / "x.tif")
        assert not list(tmp_path.glob("x*"))


class TestCommandLine:
    @pytest.fixture(autouse=True)
    def settings(self, made: World, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("EEX_CACHE_DIR", str(made.settings.cache_dir))
        monkeypatch.setenv("EEX_FETCH_HOSTS", "127.0.0.1")

    def run(self, *arguments: str | Path) -> int:
        try:
            main([str(argument) for argument in arguments])
        except SystemExit as done:
            return int(done.code or 0)
        return 0

    def test_a_geotiff_of_a_row(
        self, made: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        target = tmp_path / "x.tif"
        assert self.run("tile", made.path, "2", "-o", target) == 0
        with rasterio.open(target) as file:
            np.testing.assert_array_equal(file.read(), stored(2))
            assert file.crs.to_epsg() == 32633
        told = capsys.readouterr()
        assert "456U_120R" in told.out
        assert "384 x 384 pixels; EPSG:32633, 10 m" in told.out
        assert "Wrote" in told.err

    @pytest.mark.parametrize(
        "which", [("--cell", "455U_120R"), ("--id", "455U_120R"), ("1",)], ids=" ".join
    )
    def test_a_picture_by_any_name(self, made: World, tmp_path: Path, which: Any) -> None:
        target = tmp_path / "x.png"
        assert self.run("tile", made.path, *which, "--size", "96", "-o", target) == 0
        with Image.open(target) as file:
            assert file.size == (96, 96)
            assert file.text["Cell"] == "455U_120R"

    @pytest.mark.parametrize("there", ["x.png", "x.pgw", "x.png.aux.xml"])
    def test_no_file_is_replaced_unasked(
        self, made: World, tmp_path: Path, there: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        folder = tmp_path / "mine"
        folder.mkdir()
        (folder / there).write_text("mine")
        command = ("tile", made.path, "1", "--kind", "rgb", "-o", folder / "x.png")
        assert self.run(*command) == 1
        assert f"{there} is there already. Give another name, or --force" in capsys.readouterr().err
        assert [path.name for path in folder.iterdir()] == [there]
        assert self.run(*command, "--force") == 0
        assert (folder / there).read_bytes() != b"mine"
        assert len(list(folder.iterdir())) == 3

    def test_some_bands_of_a_part(self, made: World, tmp_path: Path) -> None:
        target = tmp_path / "x.tif"
        command = ("tile", made.path, "0", "--bands", "B12,B8A", "--crop", "120", "-o", target)
        assert self.run(*command) == 0
        with rasterio.open(target) as file:
            assert file.descriptions == ("B12", "B8A")
            assert file.shape == (60, 60)
            assert file.transform.a == 20

    def test_pixels_that_lie_elsewhere_are_warned_of(
        self,
        made: World,
        monkeypatch: pytest.MonkeyPatch,
        tmp_path: Path,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        command = ("tile", made.path, "0", "--force", "-o", tmp_path / "x.tif")
        assert self.run(*command) == 0
        assert "Warning" not in capsys.readouterr().err
        monkeypatch.setattr("eex.imagery.placed.TILE", -(10**6))
        assert self.run(*command) == 0
        assert "Warning: These pixels say that they lie" in capsys.readouterr().err

    def test_pixels_without_a_place_are_told(
        self,
        made: World,
        lend_world: Callable[[Path], None],
        tmp_path: Path,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        lend_world(made.settings.cache_dir)
        assert self.run("tile", "world", "7", "-o", tmp_path / "x.png") == 0
        assert "Not georeferenced" in capsys.readouterr().err
        assert not (tmp_path / "x.pgw").exists()
        (tmp_path / "x.pgw").write_text("of other pixels")
        assert self.run("tile", "world", "7", "--force", "-o", tmp_path / "x.png") == 0
        assert not (tmp_path / "x.pgw").exists()

    @pytest.mark.parametrize(
        ("arguments", "code", "words"),
        [
            (("99", "-o", "x.tif"), 1, "no row 99"),
            (("--cell", "1U_1R", "-o", "x.tif"), 1, "no tile 1U_1R"),
            (("0", "--cell", "454U_120R", "-o", "x.tif"), 2, "one of ROW"),
            (("-o", "x.tif"), 2, "one of ROW"),
            (("0", "-o", "x.gif"), 1, "cannot be written as '.gif'"),
            (("0", "--bands", "B10", "-o", "x.tif"), 1, "B10"),
            (("0", "--crop", "1068", "-o", "x.tif"), 1, "no square of 1068"),
            (("0", "--crop", "half", "-o", "x.tif"), 2, "--crop"),
            (("0", "--size", "64", "-o", "x.tif"), 2, "--size"),
            (("0", "--kind", "rgb", "--bands", "B04", "-o", "x.tif"), 2, "--bands"),
        ],
    )
    def test_mistakes_are_told_and_nothing_is_left(  # noqa: PLR0917
        self,
        made: World,
        monkeypatch: pytest.MonkeyPatch,
        tmp_path: Path,
        capsys: pytest.CaptureFixture[str],
        arguments: tuple[str, ...],
        code: int,
        words: str,
    ) -> None:
        (tmp_path / "here").mkdir()
        monkeypatch.chdir(tmp_path / "here")
        assert self.run("tile", made.path, *arguments) == code
        assert words in capsys.readouterr().err
        assert not list((tmp_path / "here").iterdir())

    def test_hosts_inside_a_network_need_to_be_allowed(
        self,
        made: World,
        monkeypatch: pytest.MonkeyPatch,
        tmp_path: Path,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        monkeypatch.delenv("EEX_FETCH_HOSTS")
        assert self.run("tile", made.path, "0", "-o", tmp_path / "x.tif") == 1
        assert "EEX_FETCH_HOSTS" in capsys.readouterr().err
        assert made.server.requests == 0

    def test_a_side_index_is_made_and_found(
        self, made: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert self.run("set", "offsets", made.path) == 0
        assert "4 of 4 tiles in 2 shards" in capsys.readouterr().out
        assert self.run("set", "offsets", made.path) == 1
        assert "is there already" in capsys.readouterr().err
        assert self.run("set", "offsets", made.path, "--force") == 0
        assert offsets_beside(made.path) == made.folder / "toys.offsets.parquet"
        fresh = Settings(cache_dir=tmp_path / "fresh", threads=1, fetch_hosts=("127.0.0.1",))
        made.server.reset_counts()
        again = open_set(made.path, settings=fresh)
        np.testing.assert_array_equal(again.pixels(3).values, stored(3))
        assert made.server.requests == 1


class TestSideIndex:
    def make(self, made: World, path: Path) -> SetOffsets:
        reader = MajorTomReader(made.settings)
        make_offsets(made.open().embeddings.rows, reader.shards, path)
        return SetOffsets.open(path)

    def fresh(self, made: World, name: str, path: Path) -> OpenSet:
        """Open the set as another machine would, with the side index."""
        settings = Settings(cache_dir=made.folder / name, threads=1, fetch_hosts=("127.0.0.1",))
        return open_set(made.path, settings=settings, offsets=path)

    @pytest.mark.parametrize("name", ["x.arrow", "x.parquet"])
    def test_the_first_read_needs_no_footer(self, made: World, name: str) -> None:
        path = made.folder / name
        assert len(self.make(made, path)) == 4
        opened = self.fresh(made, "other", path)
        made.server.reset_counts()
        for pixels, seed in zip(opened.pixels([2, 0], kind="thumbnail"), (2, 0), strict=True):
            assert pixels.tile.grid_cell == f"{454 + seed}U_120R"
        assert made.server.requests == 2
        everything = opened.pixels(1, kind="bands", bands=["B01", "B12", "cloud_mask"])
        assert everything.values.shape == (3, CUT, CUT)

    def test_one_in_the_folder_of_an_opened_set_is_found(self, made: World) -> None:
        opened = made.open()
        assert opened.embeddings.folder is not None
        self.make(made, opened.embeddings.folder / "offsets.arrow")
        made.server.reset_counts()
        settings = Settings(**{**vars(made.settings), "pixel_cache": 0})
        again = open_set(made.path, settings=settings)
        again.reader.shards.footer = None  # type: ignore[attr-defined]
        np.testing.assert_array_equal(again.pixels(2).values, stored(2))

    def test_of_another_content_it_says_nothing(self, made: World) -> None:
        path = made.folder / "x.parquet"
        self.make(made, path)
        swapped = [cached_sample(n, side=CUT) for n in (1, 0)]
        other = write_shard(made.folder / "other.parquet", swapped, compression="none")
        made.server.put("/images/part_00001.parquet", other.read_bytes())
        np.testing.assert_array_equal(self.fresh(made, "other", path).pixels(0).values, stored(0))

    def test_neither_it_nor_the_kept_footer_need_be_of_what_is_there_now(self, made: World) -> None:
        path = made.folder / "x.parquet"
        self.make(made, path)  # which keeps the footers
        swapped = [cached_sample(n, side=CUT) for n in (1, 0)]
        other = write_shard(made.folder / "other.parquet", swapped, compression="none")
        made.server.put("/images/part_00001.parquet", other.read_bytes())
        opened = open_set(made.path, settings=made.settings, offsets=path)
        np.testing.assert_array_equal(opened.pixels(0).values, stored(0))

    def test_a_name_of_a_set_finds_none_where_the_program_was_started(
        self, made: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        (tmp_path / "named.offsets.parquet").write_bytes(b"of somebody else")
        opened = OpenSet("named", made.open().embeddings, made.settings)
        np.testing.assert_array_equal(opened.pixels(0).values, stored(0))

    def test_lacking_numbers_say_nothing(self, made: World) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        path = made.folder / "x.parquet"
        self.make(made, path)
        table, tile = pq.read_table(path), made.open().embeddings.tile(0)
        for name in ("start", "size", "etag", "host", "row_group", "0"):
            place = table.column_names.index(name)
            field = table.schema.field(name)
            nulls = table.set_column(place, field, pa.nulls(len(table), field.type))
            assert SetOffsets(nulls).find(tile) is None
        negative = pa.array([-5] * len(table), pa.int64())
        wrong = table.set_column(table.column_names.index("start"), "start", negative)
        assert SetOffsets(wrong).find(tile) is None

    def test_another_tile_of_the_same_row_is_not_taken_for_it(self, made: World) -> None:
        found = self.make(made, made.folder / "x.parquet")
        tile = made.open().embeddings.tile(0)
        assert found.find(tile) is not None
        for other in ({"grid_cell": "1U_1R"}, {"product_id": OLD}, {"parquet_row": 77}):
            assert found.find(TileRef(**{**vars(tile), **other})) is None

    def test_rows_that_point_at_the_wrong_place_are_put_right(self, made: World) -> None:
        shard = "/images/part_00001.parquet"
        url = made.server.put(shard, made.shards[shard])
        tiles = [(cached_sample(n, side=CUT), url, 1 - n) for n in (0, 1)]
        made.path = write_set(made.folder / "wrong.parquet", tiles)
        path = made.folder / "x.parquet"
        self.make(made, path)
        opened = self.fresh(made, "other", path)
        made.server.reset_counts()
        np.testing.assert_array_equal(opened.pixels(0).values, stored(0))
        assert made.server.requests == 1

    def test_a_making_goes_on_where_it_was(self, made: World) -> None:
        path = made.folder / "x.parquet"
        made.server.fail("/images/part_00002.parquet", Fault("status", code=404), times=None)
        reader = MajorTomReader(made.settings)
        rows = made.open().embeddings.rows
        counts = make_offsets(rows, reader.shards, path)
        assert (counts.tiles, counts.found, counts.shards) == (4, 2, 2)
        assert len(counts.failed) == 1
        made.server.heal()
        made.server.reset_counts()
        counts = make_offsets(rows, MajorTomReader(made.settings).shards, path)
        assert counts.found == 4
        assert made.server.requests == 1

    def test_nothing_that_can_be_read_is_an_error_and_leaves_no_file(self, made: World) -> None:
        path = made.folder / "x.parquet"
        made.server.fail("*", Fault("status", code=404), times=None)
        with pytest.raises(OSError, match="no such file"):
            make_offsets(made.open().embeddings.rows, MajorTomReader(made.settings).shards, path)
        assert not path.exists()

    @pytest.mark.parametrize("raw", [b"", b"PAR1", b"ARROW1" + bytes(50)])
    def test_a_damaged_one_is_told(self, tmp_path: Path, raw: bytes) -> None:
        for name in ("x.arrow", "x.parquet"):
            (tmp_path / name).write_bytes(raw)
            with pytest.raises(DamagedSetError, match="side index"):
                SetOffsets.open(tmp_path / name)

    def test_it_is_small(self, tmp_path: Path) -> None:
        """Sizes of cells are random, and cannot be packed: 14 columns of some 20 bits."""
        import pyarrow as pa

        rng, rows = np.random.default_rng(0), 50_000
        shard = np.sort(rng.integers(0, 100, rows))
        within = np.concatenate([np.arange(n) for n in np.bincount(shard)])
        sizes = rng.integers(20_000, 400_000, (14, rows))
        start = np.cumsum(sizes.sum(axis=0))
        url = pa.array([f"https://huggingface.co/part_{n:05}.parquet" for n in range(100)])
        word = pa.DictionaryArray.from_arrays(pa.array(shard.astype(np.int32)), url)
        columns: dict[str, Any] = {
            "parquet_url": word,
            "parquet_row": pa.array(within, pa.int32()),
            "key": pa.array(rng.integers(0, 2**32, rows)),
            "row_group": pa.array(within, pa.int32()),
            "size": pa.array(shard + 10**9),
            "etag": word,
            "host": word,
            "layout": word,
            "start": pa.array(start),
        }
        columns |= {str(n): pa.array(sizes[n], pa.int32()) for n in range(14)}
        write_offsets(pa.table(columns), tmp_path / "x.parquet")
        assert (tmp_path / "x.parquet").stat().st_size / rows < 45


class TestServer:
    @pytest.fixture
    def client(self, made: World) -> Iterator[TestClient]:
        with TestClient(create_app(made.settings, sets=(made.path,))) as client:
            yield client

    def test_pictures_and_pixels_of_tiles(self, made: World, client: TestClient) -> None:
        answer = client.get("/api/v1/sets/toys/tiles/1/picture?size=64")
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "image/webp"
        tiff = client.get("/api/v1/sets/toys/tiles/1/pixels?bands=B08,B02")
        assert tiff.headers["content-type"] == "image/tiff"
        assert "455U_120R-bands.tif" in tiff.headers["content-disposition"]
        with rasterio.MemoryFile(tiff.content) as memory, memory.open() as file:
            np.testing.assert_array_equal(file.read(), stored(1, ("B08", "B02")))
            assert file.crs.to_epsg() == 32633
        png = client.get("/api/v1/sets/toys/tiles/1/pixels?format=png&size=50&crop=whole")
        assert png.headers["content-type"] == "image/png"
        made.server.reset_counts()
        headers = {"If-None-Match": answer.headers["etag"]}
        again = client.get("/api/v1/sets/toys/tiles/1/picture?size=64", headers=headers)
        assert again.status_code == 304
        assert made.server.requests == 0

    def test_an_id_in_any_script_is_a_name_of_a_file(
        self, client: TestClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(EmbeddingSet, "ids", ["a", "\u6771\u4eac/../x\r\n", "c", "d"])
        answer = client.get("/api/v1/sets/toys/tiles/1/pixels?kind=thumbnail&format=png")
        assert answer.status_code == 200
        told = answer.headers["content-disposition"]
        assert told == 'attachment; filename="______x__-thumbnail.png"'

    @pytest.mark.parametrize(
        "query",
        [
            "kind=radar",
            "crop=0",
            "crop=all",
            "format=gif",
            "size=64",
            "kind=rgb&bands=B04",
            "kind=bands&bands=B10",
            "kind=bands&bands=" + "B04," * 30,
            "crop=1068",
        ],
    )
    def test_requests_that_make_no_sense(self, client: TestClient, query: str) -> None:
        answer = client.get(f"/api/v1/sets/toys/tiles/0/pixels?{query}")
        assert answer.status_code in {404, 422}
        assert answer.json()["hint"]

    @pytest.mark.parametrize(
        ("fault", "status"),
        [
            (Fault("status", code=404), 502),
            (Fault("page"), 502),
            (Fault("no_range"), 502),
            (Fault("redirect", code=302, location="http://169.254.169.254/"), 502),
        ],
        ids=lambda value: getattr(value, "kind", value),
    )
    def test_failures_afar_are_told_without_addresses(
        self, made: World, client: TestClient, fault: Fault, status: int
    ) -> None:
        made.server.fail("*", fault, times=None)
        answer = client.get("/api/v1/sets/toys/tiles/0/picture")
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"
        for inner in ("127.0.0.1", "169.254", "part_0000", "http"):
            assert inner not in answer.text
        assert answer.json()["hint"]
        assert client.get("/api/v1/health").status_code == 200

    def test_a_data_file_leads_to_no_private_network(self, made: World) -> None:
        settings = Settings(cache_dir=made.settings.cache_dir, threads=1)
        with TestClient(create_app(settings, sets=(made.path,))) as client:
            answer = client.get("/api/v1/sets/toys/tiles/0/picture")
        assert (answer.status_code, answer.json()["code"]) == (502, "refused-address")
        assert "127.0.0.1" not in answer.text
        assert made.server.requests == 0

    def test_offline_is_a_state_of_the_server(self, made: World) -> None:
        settings = Settings(**{**vars(made.settings), "offline": True})
        with TestClient(create_app(settings, sets=(made.path,))) as client:
            answer = client.get("/api/v1/sets/toys/tiles/0/picture")
        assert answer.status_code == 503

    def test_a_damaged_cell_is_not_the_fault_of_who_asks(self, made: World) -> None:
        broken = {**cached_sample(0, side=CUT), "thumbnail": b"GIF89a"}
        file = write_shard(made.folder / "broken.parquet", [broken])
        url = made.server.put("/broken", file.read_bytes())
        path = write_set(made.folder / "broken_set.parquet", [(broken, url, 0)])
        with TestClient(create_app(made.settings, sets=(path,))) as client:
            answer = client.get("/api/v1/sets/broken_set/tiles/0/picture")
        assert answer.status_code == 502

    def test_slow_pictures_hold_up_nobody(
        self,
        made: World,
        lend_world: Callable[[Path], None],
        client: TestClient,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """More pictures than the server has threads wait for a shard; all else is answered."""
        lend_world(made.settings.cache_dir)
        gate = threading.Event()

        def waiting(self: OpenSet, row: int, *, size: int = 192) -> Any:
            assert self.name == "world" or gate.wait(60), row
            return np.zeros((size, size, 3), np.uint8)

        monkeypatch.setattr(OpenSet, "picture", waiting)
        codes: list[int] = []

        def ask(size: int) -> None:
            codes.append(client.get(f"/api/v1/sets/toys/tiles/0/picture?size={size}").status_code)

        threads = [threading.Thread(target=ask, args=(100 + n,)) for n in range(60)]
        for thread in threads:
            thread.start()
        try:
            assert client.get("/api/v1/sets/toys/tiles/1").status_code == 200
            assert client.get("/api/v1/sets/world/tiles/1/picture").status_code == 200
            record = {"set": "toys", "parts": [{"kind": "row", "row": 1}]}
            assert client.post("/api/v1/search", json=record).status_code == 200
            assert not codes
        finally:
            gate.set()
            for thread in threads:
                thread.join(60)
        assert codes == [200] * 60
