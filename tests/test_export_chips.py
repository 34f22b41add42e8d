"""Pixels of an answer: the numbers as stored, and in plain words what could not be had."""

from __future__ import annotations

import json
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from xml.etree import ElementTree as ET

import geopandas
import numpy as np
import pystac
import pytest

from eex import open_set
from eex.config import Settings
from eex.errors import (
    BadPictureError,
    CancelledError,
    EexError,
    NoPixelsError,
    OfflineError,
    RemoteError,
    UnavailableError,
)
from eex.export.chips import SIDE_BY_SIDE, chip_name, read_chips, reason
from eex.export.records import Result
from eex.search.found import Found
from eex.search.run import OpenSet
from eex.search.taking import save_answer
from eex.stopping import stopping
from range_server import Fault, RangeServer, range_server
from shards import CUT, cached_sample, numbers, write_set, write_shard

rasterio = pytest.importorskip("rasterio")

CENTRE = slice(342, 726)


@dataclass
class Far:
    """A set of four tiles, two to a shard, and the server that has the shards."""

    server: RangeServer
    opened: OpenSet

    def ask(self) -> Found:
        return self.opened.search(row=0, k=4, spread_km=0)


@pytest.fixture(scope="module")
def contents(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    folder = tmp_path_factory.mktemp("contents")
    made = []
    for first in (0, 2):
        samples = [cached_sample(n, side=CUT) for n in (first, first + 1)]
        path = write_shard(folder / f"{first}.parquet", samples, footer=200_000)
        made.append(path.read_bytes())
    return made


@pytest.fixture
def far(tmp_path: Path, contents: list[bytes], quick_hub: None) -> Iterator[Far]:
    del quick_hub
    with range_server() as server:
        urls = [server.put(f"/part_{n}.parquet", raw) for n, raw in enumerate(contents)]
        tiles = [(cached_sample(n, side=CUT), urls[n // 2], n % 2) for n in range(4)]
        path = write_set(tmp_path / "toys.parquet", tiles, pixels="majortom")
        settings = Settings(cache_dir=tmp_path / "cache", threads=1, fetch_hosts=("127.0.0.1",))
        yield Far(server, open_set(path, settings=settings))


def test_chips_are_the_stored_numbers_with_place_credit_and_score(far: Far, tmp_path: Path) -> None:
    found = far.ask()
    assert far.opened.save_answer(found, tmp_path / "best.zip") == ()
    with zipfile.ZipFile(tmp_path / "best.zip") as archive:
        archive.extractall(tmp_path)
    items = pystac.ItemCollection.from_file(str(tmp_path / "stac.json"))
    for item, result in zip(items, found.results, strict=True):
        href = item.assets["rgb"].href
        assert href == f"./chips/{chip_name(result, 4)}"
        with rasterio.open(tmp_path / href) as file:
            stored = numbers(result.row)
            wanted = [stored[band][CENTRE, CENTRE] for band in ("B04", "B03", "B02")]
            np.testing.assert_array_equal(file.read(), np.stack(wanted))
            assert file.crs.to_epsg() == 32633
            assert file.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
            told = file.tags()
        assert "CC-BY-SA-4.0" in told["TIFFTAG_COPYRIGHT"]
        assert "Copernicus" in told["TIFFTAG_COPYRIGHT"]
        assert told["EEX_RANK"] == str(result.rank)
        assert float(told["EEX_SCORE"]) == pytest.approx(result.score, abs=1e-6)
        assert told["EEX_SCORE_KIND"] == "cosine"


def test_times_and_products_of_tiles_are_told(far: Far, tmp_path: Path) -> None:
    found = far.ask()
    item = pystac.ItemCollection.from_dict(found.to_stac())[0]
    assert item.validate()
    sample = cached_sample(0, side=CUT)
    assert f"{item.datetime:%Y%m%dT%H%M%S}" == sample["timestamp"]
    assert item.properties["eex:product"] == sample["product_id"]
    assert "start_datetime" not in item.properties
    space = {"k": "http://www.opengis.net/kml/2.2"}
    when = ET.fromstring(found.to_kml()).findtext(".//k:TimeStamp/k:when", namespaces=space)
    assert when == item.properties["datetime"]
    found.to_geoparquet(tmp_path / "best.parquet")
    frame = geopandas.read_parquet(tmp_path / "best.parquet")
    assert frame.time[0] == item.datetime
    assert frame["product"][0] == sample["product_id"]


def test_a_tile_without_a_footprint_is_a_point(far: Far) -> None:
    """The table's geometry is empty, so only centres are known."""
    found = far.ask()
    item = found.to_stac()["features"][0]
    lon, lat = round(found.results[0].lon, 6), round(found.results[0].lat, 6)
    assert item["geometry"] == {"type": "Point", "coordinates": [lon, lat]}
    assert item["bbox"] == [lon, lat, lon, lat]
    assert found.to_kml().count("<Point>") == 4
    assert found.to_geojson(footprints=True)["features"] == found.to_geojson()["features"]


@pytest.mark.parametrize("code", [404, 500])
def test_what_cannot_be_had_is_listed_without_addresses(
    far: Far, tmp_path: Path, code: int
) -> None:
    found = far.ask()
    far.server.fail("/part_1.parquet", Fault("status", code=code), times=None)
    missing = far.opened.save_answer(found, tmp_path / "best.zip")
    lost = [result for result in found.results if result.row >= 2]
    assert list(missing) == lost
    with zipfile.ZipFile(tmp_path / "best.zip") as archive:
        names = archive.namelist()
        assert names == sorted(names)
        told = archive.read("chips/MISSING.txt").decode()
        items = json.loads(archive.read("stac.json"))["features"]
        every = b"".join(archive.read(n) for n in names if not n.endswith(("tif", "png")))
    assert told.startswith("Pixels of 2 tiles could not be had.")
    for result in lost:
        assert f"{result.rank}. {result.id} (row {result.row}): " in told
    assert "127.0.0.1" not in told
    assert "part_1" not in told
    assert str(far.server.port).encode() not in every
    with_pixels = [item["properties"]["eex:row"] for item in items if item["assets"]]
    assert with_pixels == [result.row for result in found.results if result.row < 2]
    assert len(with_pixels) == sum(name.endswith(".tif") for name in names) == 2


def test_pixels_alone_are_refused_when_none_can_be_had(far: Far, tmp_path: Path) -> None:
    found = far.ask()
    far.server.fail("*", Fault("status", code=404), times=None)
    with pytest.raises(RemoteError):
        far.opened.save_answer(found, tmp_path / "best.chips.zip")
    assert not (tmp_path / "best.chips.zip").exists()
    missing = far.opened.save_answer(found, tmp_path / "best.zip")
    assert len(missing) == 4


def test_only_so_many_as_are_asked_for(far: Far, tmp_path: Path) -> None:
    written = save_answer(far.ask(), tmp_path / "x.chips.zip", opened=far.opened, chips=2)
    assert (written.chips, written.missing) == (2, [])
    with zipfile.ZipFile(tmp_path / "x.chips.zip") as archive:
        tifs = [name for name in archive.namelist() if name.startswith("chips/")]
        assert sorted(archive.namelist()) == [
            "README.txt",
            *tifs,
            "recipe.json",
            "stac.json",
        ]
    assert len(tifs) == 2


def results(count: int) -> list[Result]:
    return [
        Result(rank=n + 1, row=n, id=f"tile/{n} ä", lon=0, lat=0, score=0) for n in range(count)
    ]


class TestReading:
    def test_some_at_once_in_order(self) -> None:
        inside, most, lock = 0, 0, threading.Lock()
        all_here = threading.Barrier(SIDE_BY_SIDE, timeout=20)

        def read(result: Result) -> bytes:
            nonlocal inside, most
            with lock:
                inside += 1
                most = max(most, inside)
            if result.row < SIDE_BY_SIDE:
                all_here.wait()  # passes only if so many are read side by side
            with lock:
                inside -= 1
            return str(result.row).encode()

        got = list(read_chips(results(20), read))
        assert [content for _, content in got] == [str(n).encode() for n in range(20)]
        assert most == SIDE_BY_SIDE

    def test_it_stops_when_nobody_waits(self) -> None:
        begun: list[int] = []
        gone = threading.Event()

        def read(result: Result) -> bytes:
            begun.append(result.row)
            if result.row == 3:
                gone.set()
            return b""

        def work() -> None:
            for _ in read_chips(results(500), read):
                pass

        with stopping(gone.is_set), pytest.raises(CancelledError):
            work()
        assert len(begun) < 20

    def test_other_errors_are_not_hidden(self) -> None:
        def read(_: Result) -> bytes:
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            list(read_chips(results(1), read))

    @pytest.mark.parametrize(
        ("kind", "words"),
        [
            (OfflineError, "none are fetched"),
            (UnavailableError, "nobody answers"),
            (RemoteError, "from where they lie"),
            (BadPictureError, "not this tile"),
            (NoPixelsError, "does not say"),
            (EexError, "cannot be read"),
        ],
    )
    def test_reasons_are_general(self, kind: type[EexError], words: str) -> None:
        error = kind("http://10.0.0.7/secret", hint="ask 10.0.0.7")
        assert words in reason(error)
        assert "10.0.0.7" not in reason(error)

    def test_names_are_plain_and_sort_by_rank(self) -> None:
        one = results(12)
        names = [chip_name(result, 12) for result in one]
        assert names == sorted(names)
        assert names[0] == "001-tile_0.tif"
        assert chip_name(replace(one[0], id="../ä"), 5000) == "0001-row0.tif"
