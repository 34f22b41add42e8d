"""A part of a set is what filtering all of it gives, and little more than it is read."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from eex.catalog import opening, writing
from eex.catalog.opened import map_open, open_here, opened_sets, sets_folder
from eex.catalog.opening import open_named_set
from eex.catalog.selection import Selection, inside, selection_of
from eex.catalog.wish import Wish
from eex.config import Settings
from eex.errors import (
    BadQueryError,
    DownloadError,
    LargeSetError,
    NoRangesError,
    OutputError,
    RemoteError,
)
from eex.weights import part
from loopback_hub import Hub, running_hub
from published import at, parquet, table, vectors

REPO = "Org/Parts"
TABLES = [table(3_000, seed, dim=32) for seed in (1, 2)]
FILES = [parquet(t, groups=150) for t in TABLES]
ALL = pa.concat_tables(TABLES)
LONLAT = np.column_stack([ALL["centre_lon"].to_numpy(), ALL["centre_lat"].to_numpy()])


@pytest.fixture
def hub() -> Iterator[Hub]:
    with running_hub() as hub:
        names = ("embeddings/part_00001-00100.parquet", "embeddings/part_00101-00200.parquet")
        hub.put_dataset(REPO, dict(zip(names, FILES, strict=True)))
        yield hub


@pytest.fixture
def own(hub: Hub, tmp_path: Path) -> Settings:
    return at(hub, tmp_path)


def masked(bbox: Any = None, rows: Any = None, shards: Any = None) -> np.ndarray[Any, Any]:
    """Return which rows of both tables are wanted, computed plainly."""
    numbers = np.arange(len(ALL))
    mask = np.ones(len(ALL), bool)
    if shards:
        mask &= np.isin(numbers // 3_000 + 1, shards)
    if rows:
        counted = np.cumsum(mask) - 1
        mask &= (counted >= rows[0]) & (counted < (rows[1] if rows[1] >= 0 else len(ALL)))
    if bbox:
        west, south, east, north = bbox
        lon, lat = LONLAT.T
        between = (lon >= west) & (lon <= east) if west <= east else (lon >= west) | (lon <= east)
        mask &= between & (lat >= south) & (lat <= north)
    return mask


PARTS = [
    {"bbox": (5.0, 40.0, 25.0, 55.0)},
    {"bbox": (170.0, -50.0, -165.0, 10.0)},
    {"bbox": (-180.0, -90.0, 180.0, 90.0)},
    {"rows": (100, 220)},
    {"rows": (2_900, 3_100)},
    {"rows": (5_990, -1)},
    {"rows": (10, 2_000), "bbox": (-60.0, -80.0, 90.0, 0.0)},
    {"shards": (2,), "rows": (0, 40)},
    {"shards": (2,), "bbox": (-100.0, 0.0, 0.0, 60.0)},
    {"shards": (1, 2), "bbox": (100.0, -20.0, -100.0, 20.0), "rows": (500, 5_000)},
]


@pytest.mark.parametrize("part", PARTS, ids=str)
@pytest.mark.parametrize("where", ["afar", "here"])
def test_a_part_is_what_filtering_all_of_it_gives(
    own: Settings, tmp_path: Path, part: dict[str, Any], where: str
) -> None:
    target: str | Path = REPO
    if where == "here":
        target = tmp_path / "files"
        target.mkdir()
        for number, content in enumerate(FILES):
            (target / f"part_{number}.parquet").write_bytes(content)
    here = open_named_set(target, own, wish=Wish(selection=selection_of(**part)))
    found, mask = map_open(here), masked(**part)
    np.testing.assert_array_equal(found.vectors, vectors(ALL)[mask])
    np.testing.assert_array_equal(found.lonlat, LONLAT[mask])
    wanted = ALL.filter(pa.array(mask)).drop_columns(["embedding"])
    assert found.rows["unique_id"].to_pylist() == wanted["unique_id"].to_pylist()
    assert found.rows["pixel_bbox"].to_pylist() == wanted["pixel_bbox"].to_pylist()
    assert here.opened.rows_of == (3_000 if part.get("shards") == (2,) else 6_000)
    assert (here.opened.bytes_read > 0) is (where == "afar")


def test_only_row_groups_with_tiles_are_read(
    hub: Hub, own: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("eex.remote.footers.GUESS", 60_000)
    box = selection_of("-30,60,30,70")
    here = open_named_set(REPO, own, wish=Wish(selection=box))
    whole = sum(map(len, FILES))
    vector_bytes = vectors(ALL).nbytes
    footers = 2 * 60_000
    assert here.opened.bytes_read < footers + 0.25 * whole
    assert vector_bytes > 0.5 * whole
    asked = [a for a in hub.asked if "resolve" in a.path]
    assert all(a.headers["range"] for a in asked)
    before = len(hub.asked)
    open_named_set(REPO, own, wish=Wish(selection=box))
    assert len(hub.asked) == before


def test_files_that_are_here_are_not_read_by_range(hub: Hub, own: Settings) -> None:
    open_named_set(REPO, own)
    asked = len([a for a in hub.asked if "resolve" in a.path])
    wish = Wish(selection=selection_of("0,0,90,45"))
    here = open_named_set(REPO, own, wish=wish, name="part")
    assert here.opened.bytes_read == 0
    assert len([a for a in hub.asked if "resolve" in a.path]) == asked
    np.testing.assert_array_equal(map_open(here).vectors, vectors(ALL)[masked(bbox=(0, 0, 90, 45))])


def test_a_server_without_ranges_is_read_whole(
    hub: Hub,
    own: Settings,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refused(*_: object, **__: object) -> None:
        message = "The server sends whole files only."
        raise NoRangesError(message)

    hub.ranges = False
    wish = Wish(selection=selection_of("0,0,90,45"))
    small = open_named_set(REPO, own, wish=wish, name="small")
    monkeypatch.setattr("eex.remote.parquet.RemoteParquet.open", refused)
    here = open_named_set(REPO, own, wish=Wish(selection=selection_of("0,0,90,45")))
    np.testing.assert_array_equal(map_open(here).vectors, vectors(ALL)[masked(bbox=(0, 0, 90, 45))])
    np.testing.assert_array_equal(map_open(here).vectors, map_open(small).vectors)
    assert here.opened.downloads
    assert "fetched whole" in caplog.text


@pytest.mark.parametrize("statistics", [True, False])
def test_tables_without_centres_or_statistics_are_filtered_too(
    hub: Hub, own: Settings, *, statistics: bool
) -> None:
    points = shapely.points(LONLAT.astype(float))
    bounds = shapely.bounds(points)
    edges = ("xmin", "ymin", "xmax", "ymax")
    box = pa.StructArray.from_arrays([pa.array(bounds[:, i]) for i in range(4)], edges)
    bare = pa.table({"id": ALL["grid_cell"], "geometry": shapely.to_wkb(points), "bbox": box,
                     "embedding": ALL["embedding"]})  # fmt: skip
    content = parquet(bare, groups=200, write_statistics=statistics)
    hub.put_dataset("Org/Bare", {"bare.parquet": content})
    part = (170.0, -50.0, -165.0, 10.0)
    here = open_named_set("Org/Bare", own, wish=Wish(selection=selection_of(part)))
    np.testing.assert_array_equal(map_open(here).vectors, vectors(ALL)[masked(bbox=part)])
    assert here.opened.bytes_read > 0


def test_a_part_without_tiles_is_told_and_leaves_nothing(own: Settings) -> None:
    with pytest.raises(BadQueryError, match="has no tiles in the box 0, 89, 1, 90"):
        open_named_set(REPO, own, wish=Wish(selection=selection_of("0,89,1,90")))
    with pytest.raises(BadQueryError, match="6,000 rows, none from 6,000 on"):
        open_named_set(REPO, own, wish=Wish(selection=selection_of(rows="6000:")))
    assert not opened_sets(own)
    folder = sets_folder(own) / "open"
    assert not [p for p in folder.rglob("*") if p.is_file() and p.suffix != ".lock"]


def test_a_part_that_grows_large_stops_unless_told(
    own: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "LARGE", 300_000)
    wish = Wish(selection=selection_of("-180,-90,180,90"))
    with pytest.raises(LargeSetError, match="has fetched"):
        open_named_set(REPO, own, wish=wish)
    assert not opened_sets(own)
    assert open_named_set(REPO, own, wish=wish, large=True).counts["rows"] == 6_000
    assert opening.READERS > 0


def test_offline_a_part_says_so(own: Settings) -> None:
    from dataclasses import replace

    with pytest.raises((DownloadError, RemoteError), match="HF_HUB_OFFLINE"):
        wish = Wish(selection=selection_of("0,0,9,9"))
        open_named_set(REPO, replace(own, offline=True), wish=wish)


def test_an_address_is_read_by_range(hub: Hub, own: Settings) -> None:
    hub.files["/x/part.parquet"] = FILES[0]
    url = f"{hub.address}/x/part.parquet"
    here = open_named_set(url, own, wish=Wish(selection=selection_of(rows="10:20")))
    np.testing.assert_array_equal(map_open(here).vectors, vectors(ALL)[10:20])
    assert here.opened.bytes_read > 0


def test_centres_that_were_mixed_up_are_compared_when_put_right(
    hub: Hub, own: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tile's fragments lie mirrored in the table: a box takes them by where they really are."""
    from eex.catalog import gather
    from eex.catalog.records import SetFile, SetRecord
    from eex.weights.records import Home

    true_centres = pytest.importorskip("eex.grid").true_centres
    fragments = [(0, 0), (0, 684), (684, 0), (684, 684)]
    near = ALL.slice(0, 4).to_pydict()
    near |= {
        "pixel_bbox": [[r, c, r + 384, c + 384] for r, c in fragments],
        "utm_crs": ["EPSG:32633"] * 4,
        "centre_lat": np.array([40.82, 40.76, 40.82, 40.76], np.float32),
        "centre_lon": np.array([14.25, 14.25, 14.33, 14.33], np.float32),
    }
    mixed = pa.table(near, schema=ALL.schema)
    hub.put_dataset("Org/Mixed", {"m.parquet": parquet(mixed)})
    home = Home(hub="huggingface", repo="Org/Mixed", kind="dataset")
    record = SetRecord(
        name="mixed", title="M", homes=(home,), files=(SetFile(name="*.parquet"),), transposed=True
    )
    ours = gather._ours()
    monkeypatch.setattr(gather, "_ours", lambda: {**ours, "mixed": record})
    stored = np.column_stack([near["centre_lon"], near["centre_lat"]]).astype(float)
    right = true_centres(stored, np.array(near["pixel_bbox"]), near["utm_crs"])
    assert np.abs(right - stored).max() > 0.03
    for row in range(4):
        (lon, lat), e = right[row], 0.01
        box = selection_of((lon - e, lat - e, lon + e, lat + e))
        here = open_named_set("mixed", own, wish=Wish(selection=box), name=f"m{row}")
        np.testing.assert_array_equal(map_open(here).vectors, vectors(mixed)[row : row + 1])


EDGES = st.floats(-180, 180).map(lambda x: round(x, 1)) | st.sampled_from([-180.0, 180.0, 0.0])


@settings(max_examples=200, deadline=None)
@given(EDGES, EDGES, st.integers(-90, 90), st.integers(0, 60))
def test_boxes_hold_what_lies_in_them_on_the_globe(
    west: float, east: float, south: int, height: int
) -> None:
    north = min(90, south + height)
    lon = np.array([-180, -179.9, -90, -0.1, 0, 0.1, 90, 179.9, 180.0])
    lonlat = np.column_stack([lon, np.full(len(lon), (south + north) / 2)])
    found = inside(lonlat, (west, south, east, north))
    width = (east - west) % 360 if east < west else east - west
    along = (lon - west) % 360
    tolerance = 1e-9
    wanted = (along <= width + tolerance) | (along >= 360 - tolerance)
    np.testing.assert_array_equal(found, wanted)
    assert found[0] == found[-1]


@pytest.mark.parametrize(
    ("given_as", "means"),
    [
        ({"bbox": "5.9,45.8, 10.5 47.8"}, Selection(bbox=(5.9, 45.8, 10.5, 47.8))),
        ({"bbox": [1, 2, 3, 4]}, Selection(bbox=(1, 2, 3, 4))),
        ({"bbox": np.array([1, 2, 3, 4])}, Selection(bbox=(1, 2, 3, 4))),
        ({"rows": ":500"}, Selection(rows=(0, 500))),
        ({"rows": "7:"}, Selection(rows=(7, -1))),
        ({"rows": slice(3, None)}, Selection(rows=(3, -1))),
        ({"rows": (3, 9)}, Selection(rows=(3, 9))),
        ({"shards": "5,1,3-4"}, Selection(shards=(1, 3, 4, 5))),
        ({"shards": range(1, 3)}, Selection(shards=(1, 2))),
        ({"shards": 7}, Selection(shards=(7,))),
        ({}, Selection()),
    ],
)
def test_parts_are_read_as_people_and_programs_write_them(
    given_as: dict[str, Any], means: Selection
) -> None:
    found = selection_of(**given_as)
    assert found == means
    assert Wish.from_json(Wish(selection=found).to_json()) == Wish(selection=means)


@pytest.mark.parametrize(
    "bad",
    [
        {"bbox": "1,2,3"}, {"bbox": "a,b,c,d"}, {"bbox": (0, 50, 10, 40)}, {"bbox": (0, 0, 181, 1)},
        {"bbox": ("nan", 0, 1, 1)}, {"bbox": 5}, {"rows": "5:5"}, {"rows": "5"}, {"rows": (-1, 4)},
        {"rows": slice(0, 9, 2)}, {"rows": "9" * 30 + ":"}, {"shards": "0"}, {"shards": "3-1"},
        {"shards": "x"}, {"shards": "1-99999999999"}, {"shards": 1.5}, {"rows": (1.5, 2)},
    ],
    ids=str,
)  # fmt: skip
def test_parts_that_are_none_are_told(bad: dict[str, Any]) -> None:
    with pytest.raises(BadQueryError, match="is not understood") as told:
        selection_of(**bad)
    assert told.value.hint.startswith("Give ")


def test_parts_in_one_file_stay_readable_by_others(own: Settings, tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(TABLES[0], path, row_group_size=3_000)
    wish = Wish(selection=selection_of(rows="100:5000"), dtype="float16")
    found = map_open(open_named_set(path, own, wish=wish))
    assert (len(found), found.vectors.dtype.name) == (2_900, "float16")


@pytest.mark.parametrize("way", ["round the globe", "west in the east"])
@pytest.mark.parametrize("groups", [1, 3, 40])
def test_boxes_round_tiles_across_180_degrees_hide_none(
    tmp_path: Path, way: str, groups: int
) -> None:
    lon = np.concatenate([np.linspace(179.6, 179.99, 20), np.linspace(-179.99, -179.6, 20)])
    lat = np.linspace(-40, 40, 40)
    west, east = lon - 0.2, lon + 0.2
    west, east = np.where(west < -180, west + 360, west), np.where(east > 180, east - 360, east)
    shapes = shapely.box(west, lat - 0.1, east, lat + 0.1)  # those across are drawn round the globe
    edges = {"xmin": west, "ymin": lat - 0.1, "xmax": east, "ymax": lat + 0.1}
    if way == "round the globe":
        edges |= {"xmin": np.minimum(west, east), "xmax": np.maximum(west, east)}
    boxes = [
        dict(zip(edges, map(float, box), strict=True)) for box in zip(*edges.values(), strict=True)
    ]
    columns = {"geometry": shapely.to_wkb(shapes), "bbox": boxes, "embedding": np.eye(40).tolist()}
    path = tmp_path / "tiles.parquet"
    pq.write_table(pa.table(columns), path, row_group_size=groups)
    own = Settings(cache_dir=tmp_path / "cache", sets_dir=tmp_path / "sets", threads=1)
    for number, box in enumerate([(179.9, -90, 180, 90), (-180, -90, -179.9, 90)]):
        wish = Wish(selection=selection_of(box))
        some = map_open(open_named_set(path, own, name=f"part-{number}", wish=wish))
        wanted = (lon >= box[0]) & (lon <= box[2])
        np.testing.assert_array_equal(some.vectors.argmax(axis=1), np.flatnonzero(wanted))


def test_files_that_were_kept_are_opened_otherwise_without_network(hub: Hub, own: Settings) -> None:
    only = Wish(selection=selection_of(shards="2"))
    open_named_set(REPO, own, wish=only)
    offline = replace(own, offline=True)
    asked = len(hub.asked)
    half = open_named_set(REPO, offline, name="half", wish=replace(only, dtype="float16"))
    np.testing.assert_allclose(map_open(half).lonlat, LONLAT[3_000:])
    few = Wish(selection=selection_of(rows="7:11", shards="2"))
    some = map_open(open_named_set(REPO, offline, name="few", wish=few))
    np.testing.assert_array_equal(some.vectors, vectors(ALL)[3_007:3_011])
    with pytest.raises(DownloadError, match="HF_HUB_OFFLINE"):  # not the file that is here
        open_named_set(REPO, offline, name="x", wish=Wish(selection=selection_of(shards="1")))
    with pytest.raises(DownloadError, match="HF_HUB_OFFLINE"):  # of which nothing is known
        open_named_set(f"{REPO}@other", offline, name="y", wish=only)
    assert len(hub.asked) == asked


def test_a_part_by_rows_is_compared_with_the_room_on_the_disk(
    own: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(own.cache_dir.parent)
    tight = part.SPARE_BYTES + 200_000
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=tight))
    most = Wish(selection=selection_of(rows=(100, 5_900)))
    with pytest.raises(OutputError, match="MB are free") as told:
        open_named_set(REPO, own, wish=most, name="most")
    assert "EEX_SETS_DIR" in told.value.hint
    assert open_here("most", own) is None
    few = Wish(selection=selection_of(rows=(100, 150)))
    assert open_named_set(REPO, own, wish=few, name="few").counts["rows"] == 50
