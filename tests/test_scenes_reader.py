"""Pictures and pixels of a built set's own tiles come from its scenes, here and far away."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

rasterio = pytest.importorskip("rasterio")

from rasterio.windows import Window  # noqa: E402

from eex.build.items import Tiling, Want  # noqa: E402
from eex.build.layout import layout_opener  # noqa: E402
from eex.build.reader import ScenesReader  # noqa: E402
from eex.build.reading import read_item  # noqa: E402
from eex.build.tiling import plan_items  # noqa: E402
from eex.config import Settings  # noqa: E402
from eex.embeddings import SetHeader  # noqa: E402
from eex.errors import BadQueryError, NoPixelsError, ShapeError  # noqa: E402
from eex.geoparquet import write_geoparquet  # noqa: E402
from eex.imagery.tone import thumbnail_tone  # noqa: E402
from eex.search.open import open_set  # noqa: E402
from eex.search.run import OpenSet  # noqa: E402
from eex.sources.beside import save_scenes, scenes_path  # noqa: E402
from eex.sources.refs import Asset, Ref, SceneRef, ShardRef  # noqa: E402
from range_server import range_server  # noqa: E402
from scenes import RGB, make_scene, numbers, write_tif  # noqa: E402
from shards import cached_sample, write_shard  # noqa: E402

TILING = Tiling(size=48, stride=24)
NEW = "S2B_MSIL2A_20220719T095559_N0400_R122_T33TVF_20220719T120000"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        cache_dir=tmp_path / "cache", sets_dir=tmp_path / "sets", threads=1,
        fetch_hosts=("127.0.0.1",),
    )  # fmt: skip


def scene(folder: Path, **about: Any) -> SceneRef:
    bands = {band: numbers(200, 180, seed=i) for i, band in enumerate(RGB.bands)}
    bands["B11"] = numbers(100, 90, seed=7)
    return make_scene(folder, bands, left=500_070.0, top=5_000_130.0, name=NEW, **about)


def build(
    path: Path, refs: list[Any], tiling: Tiling, settings: Settings, want: Want = RGB, **about: Any
) -> tuple[OpenSet, np.ndarray]:
    """Make a set of random vectors with its references beside it; return its pixels as read."""
    planned = plan_items(refs, tiling, open_layout=layout_opener(settings))
    batches = [b for i in planned for b in read_item(i, tiling, [want], settings=settings)]
    tiles = pa.concat_tables([b.tiles for b in batches])
    vectors = np.random.default_rng(0).normal(size=(len(tiles), 8)).astype(np.float32)
    column = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), 8)
    header = SetHeader(
        id="mine", title="Mine", model="toy", dim=8, pixels="scenes", bands=want.bands,
        stretch=want.stretch, remove_offset=tiling.remove_offset, **about,
    )  # fmt: skip
    write_geoparquet(tiles.append_column("embedding", column), path, header=header)
    every: dict[str, Ref] = {item.ref.id: item.ref for item in planned}
    save_scenes(path, list(every.values()))
    return open_set(path, settings=settings), np.concatenate([b.pixels[want] for b in batches])


def row_boxes(opened: OpenSet) -> list[list[int]]:
    return [list(opened.embeddings.tile(row).pixel_bbox or ()) for row in range(len(opened))]


def test_a_set_shows_what_it_was_made_of(tmp_path: Path, settings: Settings) -> None:
    ref = scene(tmp_path, licence="CC0", attribution="Me")
    opened, fed = build(tmp_path / "mine.parquet", [ref], TILING, settings)
    assert len(opened) > 40
    tiles = [opened.embeddings.tile(row) for row in range(len(opened))]
    by_box = {tile.pixel_bbox: row for row, tile in enumerate(tiles)}
    assert len(by_box) == len(opened)
    planned = plan_items([ref], TILING, open_layout=layout_opener(settings))
    batches = [b for i in planned for b in read_item(i, TILING, [RGB], settings=settings)]
    boxes = [tuple(box) for b in batches for box in b.tiles["pixel_bbox"].to_pylist()]
    scenes = opened.reader.encoder_input(tiles[:9], bands=RGB.bands)
    from eex.imagery.tone import true_colour

    for row, found in enumerate(scenes):
        box = tiles[row].pixel_bbox
        assert not isinstance(found, np.ndarray)
        np.testing.assert_array_equal(true_colour(found.dn), fed[boxes.index(box)])
    top, left, bottom, right = tiles[5].pixel_bbox or ()
    pixels = opened.pixels(5)
    window = Window(left, top, right - left, bottom - top)
    with rasterio.open(ref.bands["B04"].href) as file:
        np.testing.assert_array_equal(pixels.values[0], file.read(1, window=window))
        a, _, c, _, e, f = tuple(file.transform)[:6]
    assert pixels.transform == (a, 0, c + a * left, 0, e, f + e * top)
    assert (pixels.crs, pixels.licence, pixels.attribution) == ("EPSG:32633", "CC0", "Me")
    assert pixels.notices == ()
    # people see it without the offset of baseline 04.00
    dn = pixels.values.astype(int)
    shown = thumbnail_tone(np.where(dn > 1000, dn - 1000, 0).astype(np.uint16))
    np.testing.assert_array_equal(opened.picture(5, size=48), shown)
    thumbnail = opened.pixels(5, kind="thumbnail")
    assert thumbnail.bands == ("red", "green", "blue")
    np.testing.assert_array_equal(thumbnail.picture(), shown)


@pytest.mark.parametrize("west", [179.985, -180.025])
def test_scenes_in_degrees_beyond_180_show_their_pixels(
    west: float, tmp_path: Path, settings: Settings
) -> None:
    stored = np.stack([numbers(100, 150, seed=i) for i in range(3)])
    file = write_tif(tmp_path / "a.tif", stored, left=west, top=10.0, pixel=0.0005, crs="EPSG:4326")
    bands = {b: Asset(href=str(file), index=i) for i, b in enumerate(RGB.bands, 1)}
    ref = SceneRef(id="a", bands=bands)
    opened, _ = build(tmp_path / "mine.parquet", [ref], TILING, settings)
    assert len(opened) > 10
    for row, (top, left, bottom, right) in enumerate(row_boxes(opened)):
        shown = opened.pixels(row).values
        np.testing.assert_array_equal(shown, stored[:, top:bottom, left:right])


def test_bands_crops_and_what_is_refused(tmp_path: Path, settings: Settings) -> None:
    opened, _ = build(tmp_path / "mine.parquet", [scene(tmp_path)], TILING, settings)
    boxes = row_boxes(opened)
    row = next(
        row for row, (top, left, _, _) in enumerate(boxes) if 50 < top < 90 < left + 30 < 120
    )
    top, left, _, _ = boxes[row]
    every = opened.pixels(row, kind="bands")
    assert every.bands == ("B04", "B03", "B02", "B11")
    b11 = opened.pixels(row, kind="bands", bands=["B11"], crop=80).values[0]
    assert b11.shape == (80, 80)
    whole = np.kron(numbers(100, 90, seed=7), np.ones((2, 2), np.uint16))
    np.testing.assert_array_equal(b11, whole[top - 16 : top + 64, left - 16 : left + 64])
    with pytest.raises(ShapeError, match="ends within"):
        opened.pixels(row, crop=400)
    with pytest.raises(ShapeError, match="has no B08"):
        opened.pixels(row, kind="bands", bands=["B08"])
    with pytest.raises(BadQueryError, match="named twice"):
        opened.pixels(row, kind="bands", bands=["B04", "B04"])
    with pytest.raises(BadQueryError, match="no part"):
        opened.pixels(row, crop="half")  # type: ignore[call-overload]


@pytest.mark.parametrize("remove", [False, True])
def test_other_stretches_are_fed_as_they_were(
    tmp_path: Path, settings: Settings, *, remove: bool
) -> None:
    want = replace(RGB, stretch="keenkite")
    tiling = replace(TILING, remove_offset=remove)
    ref = scene(tmp_path)
    opened, fed = build(tmp_path / "mine.parquet", [ref], tiling, settings, want)
    planned = plan_items([ref], tiling, open_layout=layout_opener(settings))
    batches = [b for i in planned for b in read_item(i, tiling, [want], settings=settings)]
    boxes = [tuple(box) for b in batches for box in b.tiles["pixel_bbox"].to_pylist()]
    tiles = [opened.embeddings.tile(row) for row in range(0, len(opened), 11)]
    for tile, found in zip(tiles, opened.reader.encoder_input(tiles), strict=True):
        assert isinstance(found, np.ndarray)
        np.testing.assert_array_equal(found, fed[boxes.index(tile.pixel_bbox)])


def test_the_providers_word_on_the_offset_goes_first(tmp_path: Path, settings: Settings) -> None:
    ref = scene(tmp_path, offset_removed=True)
    opened, _ = build(tmp_path / "mine.parquet", [ref], TILING, settings)
    pixels = opened.pixels(0)
    np.testing.assert_array_equal(pixels.picture(), thumbnail_tone(pixels.values))


def test_tiles_of_major_tom_in_a_scene(tmp_path: Path, settings: Settings) -> None:
    """Their pixel boxes are those of the tile; the row's middle says where that is."""
    bands = {band: numbers(1500, 1500, seed=i) for i, band in enumerate(RGB.bands)}
    ref = make_scene(tmp_path, bands, left=433_000.0, top=4_526_790.0)
    tiling = Tiling(size=384, grid="majortom")
    opened, fed = build(tmp_path / "mine.parquet", [ref], tiling, settings)
    assert len(opened) == 9
    assert {opened.embeddings.tile(row).grid_cell for row in range(9)} == {"454U_120R"}
    from eex.imagery.tone import true_colour

    tops, lefts = {0, 342, 684}, {0, 342, 684}
    assert {(b[0], b[1]) for b in row_boxes(opened)} == {(t, x) for t in tops for x in lefts}
    shown = {true_colour(opened.pixels(row).values).tobytes() for row in range(9)}
    assert shown == {picture.tobytes() for picture in fed}


def test_far_away_blocks_are_read_once(tmp_path: Path, settings: Settings) -> None:
    near = scene(tmp_path)
    with range_server() as server:
        assets = {
            band: Asset(href=server.put(f"/{band}.tif", Path(asset.href).read_bytes()))
            for band, asset in near.bands.items()
        }
        far = replace(near, bands=assets)
        opened, _ = build(tmp_path / "far.parquet", [far], TILING, settings)
        server.reset_counts()
        first = opened.picture(3)
        asked = server.requests
        assert 0 < asked <= 6
        np.testing.assert_array_equal(opened.picture(3), first)
        assert server.requests == asked
        again = open_set(tmp_path / "far.parquet", settings=settings)
        np.testing.assert_array_equal(again.picture(3), first)
        assert server.requests <= asked + 3  # beginnings of the files
        here, _ = build(tmp_path / "near.parquet", [near], TILING, settings)
        np.testing.assert_array_equal(here.picture(3), first)


def test_files_that_moved_are_told(tmp_path: Path, settings: Settings) -> None:
    ref = scene(tmp_path / "scenes")
    opened, _ = build(tmp_path / "mine.parquet", [ref], TILING, settings)
    first = opened.picture(0)
    (tmp_path / "scenes").rename(tmp_path / "moved")
    with pytest.raises(NoPixelsError, match="no longer at"):
        opened.picture(0)
    # paths beside the set begin where the set lies
    moved = {
        band: replace(asset, href=asset.href.replace(f"{tmp_path}/scenes", "moved"))
        for band, asset in ref.bands.items()
    }
    save_scenes(tmp_path / "mine.parquet", [replace(ref, bands=moved)])
    again = open_set(tmp_path / "mine.parquet", settings=settings)
    np.testing.assert_array_equal(again.picture(0), first)
    save_scenes(tmp_path / "mine.parquet", [replace(ref, id="another")])
    with pytest.raises(NoPixelsError, match="not known where"):
        open_set(tmp_path / "mine.parquet", settings=settings).picture(0)
    scenes_path(tmp_path / "mine.parquet").unlink()
    with pytest.raises(OSError, match="is not there"):
        open_set(tmp_path / "mine.parquet", settings=settings).picture(0)


def test_shards_on_this_machine(tmp_path: Path, settings: Settings) -> None:
    path = write_shard(tmp_path / "part.parquet", [cached_sample(0), cached_sample(1)])
    ref = ShardRef(id="part", href=str(path), rows=2)
    tiling = Tiling(size=384, grid="majortom", centre=True)
    opened, fed = build(tmp_path / "mine.parquet", [ref], tiling, settings)
    from eex.imagery.tone import true_colour

    shown = {true_colour(opened.pixels(row).values).tobytes() for row in range(2)}
    assert shown == {picture.tobytes() for picture in fed}
    assert opened.pixels(0, kind="bands").bands == RGB.bands
    assert opened.pixels(1, crop="whole").values.shape == (3, 1068, 1068)
    path.unlink()
    with pytest.raises(NoPixelsError, match="no longer at"):
        opened.picture(0)


def test_a_reader_without_scenes_says_so(settings: Settings) -> None:
    from eex.tiles import TileRef

    with pytest.raises(NoPixelsError, match="not known where"):
        ScenesReader(settings).pixels(TileRef(lon=0, lat=0))


def test_sets_are_joined_by_box_where_tiles_share_cell_and_product(
    tmp_path: Path, settings: Settings
) -> None:
    from eex.search.member import partners

    ref = scene(tmp_path)
    dense, _ = build(tmp_path / "dense.parquet", [ref], TILING, settings)
    sparse, _ = build(tmp_path / "sparse.parquet", [ref], replace(TILING, stride=48), settings)
    assert len({dense.embeddings.tile(row).grid_cell for row in range(len(dense))}) < len(dense)
    rows = partners(dense.embeddings, sparse.embeddings, ("dense", "sparse"))
    assert rows is not None
    theirs = [tuple(box) for box in row_boxes(sparse)]
    for row, box in enumerate(row_boxes(dense)):
        expected = theirs.index(tuple(box)) if tuple(box) in theirs else -1
        assert rows[row] == expected
    assert 1 < (rows >= 0).sum() <= len(sparse) < len(dense)
