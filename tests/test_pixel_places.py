"""Rows that do not say where their pixels are get it by grid cell and product, or say why not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import eex
from eex.catalog import gather, joining
from eex.catalog.load import record_of
from eex.catalog.opened import OpenHere, downloads_folder, map_open, open_here, remove_open
from eex.catalog.opening import open_named_set
from eex.catalog.pixel_places import LONGEST, PixelPlaces
from eex.catalog.records import PlacesRecord, SetRecord
from eex.catalog.selection import selection_of
from eex.catalog.wish import Wish
from eex.cli import main
from eex.config import Settings
from eex.errors import NoPixelsError
from eex.imagery.majortom import attribution_of
from eex.tiles import TileRef
from eex.weights import fetch
from eex.weights.records import Home
from loopback_hub import OTHER_COMMIT, Fault, Hub, running_hub
from published import DIM, at, parquet, table
from shards import NAPOLI, NEW, numbers, sample, write_shard

FRAGMENTS, IMAGES, META = "Org/Fragments", "Org/Images", "metadata.parquet"
ROWS = 3_000
WHOLE = table(ROWS, 1)
BARE = WHOLE.drop_columns(["parquet_url", "parquet_row"])
LOST = {7, 8, 2_500}
"""Rows that the metadata lacks."""

HOME = Home(hub="huggingface", repo=IMAGES, kind="dataset")
RECORD = SetRecord(
    name="core",
    title="Fragments",
    dim=DIM,
    homes=(Home(hub="huggingface", repo=FRAGMENTS, kind="dataset"),),
    pixels="majortom",
    places=PlacesRecord(file=META, homes=(HOME,)),
)


def place(row: int) -> tuple[str, int]:
    """Return where the pixels of a row are."""
    return f"https://example.org/images/part_{row // 50 + 1:05d}.parquet", row % 50


def metadata(rows: pa.Table = BARE, lost: set[int] = LOST) -> pa.Table:
    """Return what tells places: some rows are lost, cells and keys are repeated."""
    keys = ("grid_cell", "grid_row_u", "grid_col_r", "product_id")
    entries = [
        {name: rows[name][i].as_py() for name in keys}
        | dict(zip(("parquet_url", "parquet_row"), place(i), strict=True))
        for i in range(len(rows))
        if i not in lost
    ]
    again = [{**entries[5], "parquet_row": 999}]  # the same key later: the first counts
    other = [{**entries[20], "product_id": "OTHER", "parquet_row": 998}]
    return pa.Table.from_pylist(entries[:20] + other + entries[20:60] + again + entries[60:])


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "PAUSES", (0.0, 0.0, 0.0))
    ours = gather._ours()
    monkeypatch.setattr(gather, "_ours", lambda: {**ours, "core": RECORD})


@pytest.fixture
def hub() -> Iterator[Hub]:
    with running_hub() as hub:
        hub.put_dataset(FRAGMENTS, {"a.parquet": parquet(BARE, groups=200)})
        hub.put_dataset(IMAGES, {META: parquet(metadata(), groups=100)})
        yield hub


@pytest.fixture
def own(hub: Hub, tmp_path: Path) -> Settings:
    return at(hub, tmp_path)


def places_of(here: OpenHere) -> list[tuple[str | None, int | None]]:
    rows = map_open(here).rows
    urls, numbers = rows["parquet_url"].to_pylist(), rows["parquet_row"].to_pylist()
    return list(zip(urls, numbers, strict=True))


def wanted(rows: range = range(ROWS)) -> list[tuple[str | None, int | None]]:
    return [(None, None) if i in LOST else place(i) for i in rows]


def asked_for(hub: Hub, name: str) -> list[str]:
    """Return the ranges of one file that were asked for."""
    return [a.headers.get("range", "") for a in hub.asked if a.path.endswith(name)]


def test_a_whole_set_gets_its_places(hub: Hub, own: Settings) -> None:
    here = open_named_set("core", own)
    assert places_of(here) == wanted()
    told = here.opened.places
    assert (told["found"], told["missing"]) == (ROWS - len(LOST), len(LOST))
    assert told["repo"] == IMAGES
    kept = downloads_folder(own) / told["downloads"] / META
    assert kept.read_bytes() == next(c for p, c in hub.files.items() if p.endswith(META))
    tile = map_open(here).tile(9)
    assert (tile.parquet_url, tile.parquet_row) == place(9)
    assert map_open(here).tile(7).parquet_row == -1


def test_a_product_of_two_cells_leads_to_both(own: Settings) -> None:
    rows = map_open(open_named_set("core", own)).rows
    assert rows["product_id"][0] == rows["product_id"][1]
    assert rows["parquet_row"][0] != rows["parquet_row"][1]


@pytest.mark.parametrize("part", ["1000:1150", "2400:2600"])
def test_of_a_part_only_its_rows_of_the_grid_are_read(
    hub: Hub, own: Settings, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    monkeypatch.setattr("eex.remote.footers.GUESS", 20_000)
    shifted = BARE.set_column(
        BARE.column_names.index("grid_row_u"), "grid_row_u", pa.array(np.arange(ROWS), pa.int16())
    )
    hub.put_dataset(FRAGMENTS, {"a.parquet": parquet(shifted, groups=200)})
    content = parquet(metadata(shifted), groups=100, compression="none")
    hub.put_dataset(IMAGES, {META: content})
    here = open_named_set("core", own, wish=Wish(selection=selection_of(rows=part)))
    low, high = (int(n) for n in part.split(":"))
    assert places_of(here) == wanted(range(low, high))
    assert not downloads_folder(own).exists()
    assert 0 < here.opened.places["bytes_read"] < 25_000 + 0.15 * len(content)
    ranges = asked_for(hub, META)
    assert ranges
    assert all(ranges)


def test_a_box_gets_its_places(own: Settings) -> None:
    box = (-60.0, -20.0, 60.0, 30.0)
    here = open_named_set("core", own, wish=Wish(selection=selection_of(box)))
    lon, lat = (WHOLE[f"centre_{name}"].to_numpy() for name in ("lon", "lat"))
    mask = (lon >= box[0]) & (lon <= box[2]) & (lat >= box[1]) & (lat <= box[3])
    assert places_of(here) == [wanted()[i] for i in np.flatnonzero(mask)]


def test_what_was_fetched_serves_other_sets_without_a_hub(own: Settings, tmp_path: Path) -> None:
    open_named_set("core", own)
    (tmp_path / "mine.parquet").write_bytes(parquet(BARE.slice(100, 50)))
    here = open_named_set(
        "core", replace(own, offline=True), name="again", source=str(tmp_path / "mine.parquet")
    )
    assert places_of(here) == wanted(range(100, 150))
    assert not here.opened.places.get("problem")


def test_downloads_go_when_nobody_needs_them(own: Settings) -> None:
    first = open_named_set("core", own)
    folders = {downloads_folder(own) / name for name in first.opened.folders}
    assert len(folders) == 2
    assert all(folder.is_dir() for folder in folders)
    open_named_set("core", own, name="other", wish=Wish(dtype="float16"))
    remove_open("core", own)
    assert all(folder.is_dir() for folder in folders)
    remove_open("other", own)
    assert not any(folder.exists() for folder in folders)
    here = open_named_set("core", own, keep=False)
    assert places_of(here) == wanted()
    assert not any(folder.exists() for folder in folders)


def offline(_hub: Hub, own: Settings) -> tuple[Settings, str]:
    return replace(own, offline=True), "HF_HUB_OFFLINE"


def absent(hub: Hub, own: Settings) -> tuple[Settings, str]:
    hub.put_dataset(IMAGES, {"other.parquet": b"x"})
    return own, "has no file metadata.parquet"


def unlisted(hub: Hub, own: Settings) -> tuple[Settings, str]:
    hub.listings = {k: v for k, v in hub.listings.items() if IMAGES not in k}
    return own, IMAGES


def damaged(hub: Hub, own: Settings) -> tuple[Settings, str]:
    hub.put_dataset(IMAGES, {META: b"PAR1 nothing PAR1"})
    return own, ""


def another(hub: Hub, own: Settings) -> tuple[Settings, str]:
    hub.put_dataset(IMAGES, {META: parquet(metadata().drop_columns(["parquet_row"]))})
    return own, "lacks parquet_row"


@pytest.mark.parametrize("part", ["", "0:900"])
@pytest.mark.parametrize("trouble", [offline, absent, unlisted, damaged, another])
def test_without_places_the_set_opens_and_says_so(
    hub: Hub, own: Settings, caplog: pytest.LogCaptureFixture, trouble: Any, part: str
) -> None:
    mine = own.cache_dir.parent / "mine"
    mine.mkdir()
    (mine / "a.parquet").write_bytes(parquet(BARE))
    broken, why = trouble(hub, own)
    wish = Wish(selection=selection_of(rows=part))
    source = str(mine) if trouble is offline else ""
    here = open_named_set("core", broken, wish=wish, source=source)
    rows = 900 if part else ROWS
    assert places_of(here) == [(None, None)] * rows
    assert here.opened.places["missing"] == rows
    assert why in here.opened.places["problem"]
    assert why in caplog.text
    assert f"not told for {rows:,} of {rows:,} tiles" in joining.words_of(here.opened.places)
    hub.put_dataset(IMAGES, {META: parquet(metadata())}, commit=OTHER_COMMIT)
    again = open_named_set("core", own, wish=wish, source=source, refresh=True)
    assert places_of(again) == wanted(range(rows))


def test_trouble_on_the_way_leaves_the_rest_without(
    hub: Hub, own: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    from eex.errors import UnavailableError
    from eex.remote.parquet import RemoteParquet

    read, begun = RemoteParquet.read, []

    def failing(self: RemoteParquet, groups: Any, columns: Any, **more: Any) -> pa.Table:
        if META in self.url:
            begun.append(groups)
            if len(begun) > 1:
                message = "Gone."
                raise UnavailableError(message)
        return read(self, groups, columns, **more)

    rows = BARE.set_column(5, "grid_row_u", pa.array(np.arange(ROWS), pa.int16()))
    hub.put_dataset(FRAGMENTS, {"a.parquet": parquet(rows, groups=200)})
    hub.put_dataset(IMAGES, {META: parquet(metadata(rows), groups=100)})
    wish = Wish(selection=selection_of(rows="0:1000"))
    with monkeypatch.context() as patch:
        patch.setattr(RemoteParquet, "read", failing)
        here = open_named_set("core", own, wish=wish)
    assert places_of(here) == wanted(range(200)) + [(None, None)] * 800
    assert here.opened.places["problem"] == "Gone."
    again = open_named_set("core", own, wish=wish, refresh=True)
    assert places_of(again) == wanted(range(1000))


def test_an_interrupted_file_goes_on_and_a_wrong_one_is_not_taken(hub: Hub, own: Settings) -> None:
    content = next(c for p, c in hub.files.items() if p.endswith(META))
    hub.fail(*[None] * 5, Fault(cut=len(content) // 2))
    assert places_of(open_named_set("core", own)) == wanted()
    assert any(r.startswith(f"bytes={len(content) // 2}-") for r in asked_for(hub, META))
    wrong = replace(RECORD, places=PlacesRecord(file=META, homes=(HOME,), sha256="0" * 64))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gather, "_ours", lambda: {"core": wrong})
        here = open_named_set("core", own, name="wrong")
    assert "checksum" in here.opened.places["problem"]


def test_a_catalogue_of_the_user_names_a_file_beside_it(own: Settings, tmp_path: Path) -> None:
    (tmp_path / "mine.parquet").write_bytes(parquet(BARE))
    (tmp_path / "where").mkdir()
    (tmp_path / "where" / "m.parquet").write_bytes(parquet(metadata().drop_columns("grid_row_u")))
    catalog = tmp_path / "own.toml"
    catalog.write_text(
        '[[sets]]\nname = "mine"\ntitle = "Mine"\nfiles = ["mine.parquet"]\n'
        'pixels = "majortom"\nplaces = { file = "where/m.parquet" }\n'
    )
    settings = replace(own, catalogs=(catalog,), offline=True)
    assert places_of(open_named_set("mine", settings)) == wanted()
    wish = Wish(selection=selection_of(rows="30:90"))
    part = open_named_set("mine", settings, wish=wish, name="part")
    assert places_of(part) == wanted(range(30, 90))


def test_an_address_serves_as_well(hub: Hub, own: Settings, tmp_path: Path) -> None:
    hub.files["/x/m.parquet"] = parquet(metadata())
    (tmp_path / "mine.parquet").write_bytes(parquet(BARE))
    catalog = tmp_path / "own.toml"
    catalog.write_text(
        '[[sets]]\nname = "mine"\ntitle = "Mine"\nfiles = ["mine.parquet"]\n'
        f'places = {{ file = "{hub.address}/x/m.parquet" }}\n'
    )
    settings = replace(own, catalogs=(catalog,))
    assert places_of(open_named_set("mine", settings)) == wanted()


def test_rows_that_say_it_themselves_are_left_alone(hub: Hub, own: Settings) -> None:
    hub.put_dataset(FRAGMENTS, {"a.parquet": parquet(WHOLE)})
    here = open_named_set("core", own)
    assert map_open(here).rows["parquet_row"].to_pylist() == WHOLE["parquet_row"].to_pylist()
    assert not here.opened.places
    assert not asked_for(hub, META)


def test_the_command_says_how_many_have_none(
    hub: Hub, own: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("EEX_CACHE_DIR", str(own.cache_dir))
    monkeypatch.setenv("EEX_SETS_DIR", str(own.sets_dir))
    monkeypatch.setenv("HF_ENDPOINT", hub.address)
    main(["open", "core"])
    out, err = capsys.readouterr()
    assert "2,997 of 3,000 tiles, by metadata.parquet of Org/Images" in out
    assert "3 of 3,000 tiles are not in metadata.parquet: no pictures of them." in err
    main(["info", "core"])
    assert "3 of 3,000 tiles are not in metadata.parquet" in capsys.readouterr().out
    remove_open("core", own)
    hub.put_dataset(IMAGES, {"other.parquet": b"x"})
    main(["open", "core"])
    main(["open", "core"])
    assert capsys.readouterr().err.count("Try again with --refresh") == 2


def test_a_picture_is_the_fragment_of_the_tile_that_the_join_names(
    hub: Hub, own: Settings, tmp_path: Path
) -> None:
    """Two cells of one product, three fragments of each: each gives its own window, bit for bit."""
    from shards import Place

    cells = [("454U_120R", 11), ("455U_120R", 12)]
    samples = []
    for number, (cell, seed) in enumerate(cells):
        there = Place(grid_cell=cell, product_id=NEW, top=NAPOLI[3] + 10_000 * number)
        samples.append(sample(there, seed=seed))
    shard = write_shard(tmp_path / "part_00001.parquet", samples).read_bytes()
    hub.files["/images/part_00001.parquet"] = shard
    url = f"{hub.address}/images/part_00001.parquet"
    boxes = [[0, 0, 224, 224], [0, 633, 224, 857], [844, 211, 1068, 435]]
    rows = BARE.slice(0, 6).to_pydict() | {
        "grid_cell": [cell for cell, _ in cells for _ in boxes],
        "grid_row_u": [int(cell[:3]) for cell, _ in cells for _ in boxes],
        "grid_col_r": [120] * 6,
        "product_id": [NEW] * 6,
        "utm_crs": ["EPSG:32633"] * 6,
        "pixel_bbox": boxes * 2,
    }
    told = [
        # the first names the row of the other cell: the key that lies there decides
        {"grid_cell": cells[0][0], "grid_row_u": 454, "product_id": NEW, "parquet_url": url,
         "parquet_row": 1},
        {"grid_cell": cells[1][0], "grid_row_u": 455, "product_id": NEW, "parquet_url": url,
         "parquet_row": 1},
    ]  # fmt: skip
    hub.put_dataset(FRAGMENTS, {"a.parquet": parquet(pa.table(rows, schema=BARE.schema))})
    hub.put_dataset(IMAGES, {META: parquet(pa.Table.from_pylist(told))})
    host = hub.address.removeprefix("http://")
    opened = eex.open_set("core", settings=replace(own, fetch_hosts=(host,)))
    for row in range(6):
        top, left, bottom, right = boxes[row % 3]
        bands = numbers(cells[row // 3][1])
        found = opened.pixels(row, kind="rgb")
        expected = np.stack([bands[b][top:bottom, left:right] for b in ("B04", "B03", "B02")])
        np.testing.assert_array_equal(found.values, expected)
        assert found.transform[2] == pytest.approx(NAPOLI[2] + 10 * left)
        assert found.transform[5] == pytest.approx(NAPOLI[3] + 10_000 * (row // 3) - 10 * top)
        assert opened.pixels(row, kind="thumbnail").values.shape == (3, 224, 224)


def test_the_credit_names_the_level_of_the_images() -> None:
    for product, level in ((NEW, "Core-S2L2A,"), (NEW.replace("L2A", "L1C"), "Core-S2L1C,")):
        assert level in attribution_of(TileRef(lon=0, lat=0, product_id=product))


def test_a_file_of_too_many_rows_is_refused(own: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(joining, "MOST_ROWS", ROWS - 5)
    here = open_named_set("core", own)
    assert "2,999 rows" in here.opened.places["problem"]
    assert places_of(here) == [(None, None)] * ROWS


def test_a_tile_without_place_says_so(own: Settings) -> None:
    open_named_set("core", own)
    opened = eex.open_set("core", settings=own, fetch=False)
    with pytest.raises(NoPixelsError, match="does not say where its pixels are"):
        opened.pixels(7)


TEXTS = st.none() | st.text("ab\x00é", max_size=3) | st.just("a" * (LONGEST + 1))
KINDS = [pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int32(), pa.string())]


@settings(max_examples=150, deadline=None)
@given(
    told=st.lists(st.tuples(TEXTS, TEXTS, TEXTS, st.none() | st.integers(-1, 2**40)), max_size=12),
    asked=st.lists(st.tuples(TEXTS, TEXTS), max_size=12),
    kind=st.sampled_from(KINDS),
    cut=st.integers(0, 3),
    back=st.booleans(),
)
def test_places_are_those_of_a_plain_table(
    told: list[tuple[Any, ...]],
    asked: list[tuple[Any, Any]],
    kind: Any,
    cut: int,
    *,
    back: bool,
) -> None:
    def batch(rows: list[tuple[Any, ...]]) -> pa.RecordBatch:
        names = ["grid_cell", "product_id", "parquet_url", "parquet_row"]
        columns = list(zip(*rows, strict=True)) or [()] * 4
        types = (kind, kind, pa.string(), pa.int64())
        arrays = [pa.array(c, t if t != pa.string_view() else pa.string()).cast(t)
                  for c, t in zip(columns, types, strict=False)]  # fmt: skip
        return pa.RecordBatch.from_arrays(arrays, names[: len(arrays)])

    found = PixelPlaces()
    first: dict[tuple[str, str], tuple[str, int]] = {}
    for cell, product, url, row in told[cut:]:
        keyed = all(t and len(t.encode()) <= LONGEST for t in (cell, product))
        if keyed and url is not None and row is not None and row >= 0:
            first.setdefault((cell, product), (url, row))
    rows = batch(told).slice(cut)
    pieces = [(rows.slice(0, 4), 0), (rows.slice(4), 4)]
    for piece, begin in pieces[::-1] if back else pieces:
        found.add(piece, begin + np.arange(piece.num_rows))
        found.find(batch([("a", "b", "", 0)]))
    urls, numbers = found.find(batch([(*key, "", 0) for key in asked]))
    wanted = [first.get(key, (None, None)) for key in asked]
    assert list(zip(urls.to_pylist(), numbers.to_pylist(), strict=True)) == wanted


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        ({"homes": [{"hub": "huggingface", "repo": "a/b"}]}, "lacks `file`"),
        ({"file": "m.parquet", "row": 1}, "unknown field `row`"),
        ({"file": 5}, "as `file`"),
        ({"file": "*.parquet", "homes": [{"hub": "huggingface", "repo": "a/b"}]}, "not one file"),
        ({"file": "../m.parquet", "homes": [{"hub": "huggingface", "repo": "a/b"}]}, "not a path"),
        ({"file": "m.parquet", "homes": [{"hub": "x", "repo": "a/b"}]}, "hubs are"),
        ({"file": "m.parquet"}, "nobody knows where"),
        ({"file": "m", "sha256": "x", "homes": [{"hub": "huggingface", "repo": "a/b"}]}, "sha256"),
        ("metadata.parquet", "not a table"),
    ],
)
def test_mistakes_in_a_record_are_told(bad: Any, why: str) -> None:
    home = [{"hub": "huggingface", "repo": "a/b"}]
    with pytest.raises(eex.EexError, match=why):
        record_of({"name": "x", "title": "X", "homes": home, "places": bad}, "own.toml, set 1")


def test_packaged_sets_without_places_of_their_own_have_a_record(own: Settings) -> None:
    images = {"siglip-core": "S2L2A", "dinov2-core": "S2L2A", "ssl4eo-s2-core": "S2L1C"}
    for name, level in images.items():
        record = gather.catalogue(own)[name]
        assert record.places is not None
        assert record.places.homes[0].repo == f"Major-TOM/Core-{level}"
        assert record.pixels_home.endswith(record.places.homes[0].repo)
        assert (record.places.file, record.pixels, record.crop) == (META, "majortom", 0)
    radar = gather.catalogue(own)["ssl4eo-s1-core"]
    assert not radar.pixels
    assert radar.places is None
    assert open_here("siglip-core", own) is None
